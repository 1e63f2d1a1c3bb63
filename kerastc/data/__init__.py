"""Sources and splits: plain NumPy arrays with class names. Names load on first use."""

from kerastc.lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    names={
        "arxiv.arxiv": ["load_arxiv", "read_arxiv_part"],
        "cleaning.categories": ["CategoryRules"],
        "cleaning.cleaning": ["Cleaned", "clean"],
        "balancing": ["balance"],
        "texts.docstrings": ["read_docstrings"],
        "texts.duplicates": ["find_duplicates"],
        "tables.excel_file": ["known_sheet"],
        "texts.exploring": ["Exploration", "explore"],
        "images.data": [
            "FoldedImageData",
            "ImageData",
            "ImageLocation",
            "hidden_labels",
            "load_images",
            "require_unlabelled",
        ],
        "images.photos": ["PhotoData", "load_photos", "read_photos"],
        "images.sources": ["read_images"],
        "images.images": ["LabelledImages", "UnlabelledImages", "channel_statistics"],
        "pairs.file": ["read_pairs"],
        "pairs.parts": ["split_pairs"],
        "pairs.pairs": ["LabelledPairs"],
        "part_words": ["Portion", "PortionOrNone"],
        "questions.file": ["read_questions"],
        "questions.parts": ["split_questions"],
        "questions.questions": ["LabelledQuestions"],
        "cleaning.prepared": ["write_prepared"],
        "splits": ["Splits"],
        "tagged.file": ["read_tagged"],
        "tagged.tagged_texts": ["TaggedTexts"],
        "texts.text_file": ["read_texts", "read_unlabelled"],
        "texts.text_parts": ["FoldedTextParts", "TextParts", "split_texts"],
        "texts.text_table": ["TextTable", "load_text_table"],
        "texts.text_splits": ["sample_per_class", "split"],
        "texts.texts": ["LabelledTexts", "column_names"],
    },
)
