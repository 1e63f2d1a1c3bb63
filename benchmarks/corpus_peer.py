"""The peer of `benchmarks.corpus`: `datasets.map` with the same tokenizer.json.

Run by a Python with `datasets` and `transformers`: TEXT TOKENIZER.JSON CACHE PROCESSES. Prints the
seconds of `map` and the tokens as JSON.
"""

import json
import sys
import time

import datasets
from transformers import PreTrainedTokenizerFast


def main(text: str, tokenizer_file: str, cache: str, processes: int) -> None:
    tokenizer = PreTrainedTokenizerFast(tokenizer_file=tokenizer_file)
    lines = datasets.load_dataset("text", data_files=text, cache_dir=cache, split="train")

    def tokenized(batch):
        found = tokenizer(
            batch["text"],
            add_special_tokens=False,
            return_attention_mask=False,
            return_token_type_ids=False,
        )
        return {"input_ids": found["input_ids"]}

    began = time.perf_counter()
    rows = lines.map(tokenized, batched=True, num_proc=processes, remove_columns=["text"])
    seconds = time.perf_counter() - began
    column = rows.with_format("arrow")
    tokens = sum(
        batch["input_ids"].combine_chunks().flatten().__len__() for batch in column.iter(10_000)
    )
    print(json.dumps({"seconds": seconds, "tokens": tokens, "datasets": datasets.__version__}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))
