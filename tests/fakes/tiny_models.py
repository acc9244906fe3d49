"""Small models with random weights: they load as real ones do, in a fraction of the time."""

from pathlib import Path

from sentence_transformers import SentenceTransformer
from sentence_transformers.models import Normalize, Pooling, Transformer
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast


def make_tiny_model(folder: Path, prompts: dict[str, str]) -> Path:
    """A real sentence-transformers model of 8 dimensions with random weights."""
    words = ["[PAD]", "[UNK]", "query", "passage", ":", "le", "maire", "fleuve", "pont", "ask", "tell"]
    tokenizer = Tokenizer(models.WordLevel({word: at for at, word in enumerate(words)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    config = BertConfig(
        vocab_size=len(words),
        hidden_size=8,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=64,
    )
    BertModel(config).save_pretrained(folder)
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]").save_pretrained(folder)
    transformer = Transformer(str(folder), max_seq_length=32)
    model = SentenceTransformer(modules=[transformer, Pooling(8, "mean"), Normalize()], prompts=prompts, device="cpu")
    model.save(str(folder))
    return folder
