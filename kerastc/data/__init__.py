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
        "image_folds": ["FoldedImageData", "load_folded_images"],
        "image_sources": ["read_images"],
        "image_splits": [
            "ImageData",
            "ImageLocation",
            "ImageSplits",
            "hidden_labels",
            "load_images",
            "require_unlabelled",
        ],
        "images": ["LabelledImages", "UnlabelledImages", "channel_statistics"],
        "part_words": ["Portion"],
        "prepared": ["write_prepared"],
        "splits": ["Splits", "sample_per_class", "split"],
        "text_file": ["read_texts", "read_unlabelled"],
        "text_parts": ["FoldedTextParts", "TextParts", "split_texts"],
        "texts": ["LabelledTexts", "column_names"],
    },
)
