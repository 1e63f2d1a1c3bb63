"""Sources and splits: plain NumPy arrays with class names. Names load on first use."""

from kerastc.rooms import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    names={
        "arxiv": ["load_arxiv", "read_arxiv_part"],
        "categories": ["CategoryRules"],
        "cleaning": ["Cleaned", "clean"],
        "balancing": ["balance"],
        "docstrings": ["read_docstrings"],
        "duplicates": ["find_duplicates"],
        "excel_file": ["known_sheet"],
        "exploring": ["Exploration", "explore"],
        "image_data": [
            "FoldedImageData",
            "ImageData",
            "ImageLocation",
            "hidden_labels",
            "load_images",
            "require_unlabelled",
        ],
        "image_sources": ["read_images"],
        "images": ["LabelledImages", "UnlabelledImages", "channel_statistics"],
        "pair_file": ["read_pairs"],
        "pair_parts": ["split_pairs"],
        "pairs": ["LabelledPairs"],
        "part_words": ["Portion"],
        "prepared": ["write_prepared"],
        "splits": ["Splits"],
        "text_file": ["read_texts", "read_unlabelled"],
        "text_parts": ["FoldedTextParts", "TextParts", "split_texts"],
        "text_splits": ["sample_per_class", "split"],
        "texts": ["LabelledTexts", "column_names"],
    },
)
