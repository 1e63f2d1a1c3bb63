"""How models are trained. Names load on first use: Keras is not imported before it is needed."""

from kerastc.lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    names={
        "config": ["EarlyStopping", "FineTuningConfig", "TextClassifierConfig", "TrainingConfig"],
        "cross_validation": ["cross_validated"],
        "distil_encoder": ["distil_encoder"],
        "document_config": ["DocumentClassifierConfig"],
        "fine_tuning": ["fine_tuned", "train_on_tokens"],
        "image_config": ["ImageClassifierConfig"],
        "images": ["train_image_classifier"],
        "language_config": ["DistilConfig", "LanguageModelConfig", "load_corpus"],
        "language_model": ["train_language_model"],
        "photo_config": ["PhotoClassifierConfig"],
        "photos": ["train_photos"],
        "pair_config": ["PairClassifierConfig"],
        "question_config": ["QuestionConfig"],
        "trained": ["Trained"],
    },
)
