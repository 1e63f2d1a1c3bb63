"""The one script of a page, which sorts its tables: the policy names it by its hash."""

import base64
import hashlib
import re

from kerastc.report import compare

HOSTILE = "</script><script>alert(1)</script>"


def test_the_policy_allows_the_pages_own_script_alone(make_run, tmp_path):
    runs = [make_run(f"r{i}", rows=30, epochs=2, data=f"{HOSTILE}{i}") for i in range(2)]
    compare(runs).to_html(tmp_path / "table.html")
    source = (tmp_path / "table.html").read_text(encoding="utf-8")
    (script,) = re.findall(r"<script>(.*?)</script>", source, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', source)
    rules = {rule.split()[0]: rule.split()[1:] for rule in policy.split(";")}
    assert rules["default-src"] == ["'none'"]
    assert rules["script-src"] == [f"'sha256-{digest}'"]
    assert "alert" not in script
    assert len(script.encode()) < 10_000
