"""Writing the unpacked model as an ordinary sentence-transformers folder, with what OpenVINO needs beside."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kibaru.embedding.e5_small.prompts import PROMPTS
from kibaru.embedding.e5_small.vocabulary import sentencepiece_model
from kibaru.embedding.e5_small.weights import Packed, Vocabulary, bert_tensors

if TYPE_CHECKING:
    from tokenizers import Tokenizer

VALUES = Path(__file__).with_name("values.npy")
"""The means of the values in attention, see `save_graph`; `benchmarks/values.py` makes the file."""


def write_model(packed: Packed, folder: Path) -> None:
    """Write the model into an empty folder: for sentence-transformers, and the vocabulary and graph for OpenVINO.

    For sentence-transformers it is BERT, mean pooling, normalisation and the two prompts.
    """
    import numpy as np
    from safetensors.numpy import save_file

    from kibaru.embedding.openvino_encoder import VOCABULARY
    from kibaru.embedding.openvino_graph import save_graph

    for name, content in _configuration(packed.config).items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(json.dumps(content, indent=1), "utf-8")
    _tokenizer(packed.vocabulary).save(str(folder / "tokenizer.json"))
    (folder / VOCABULARY).write_bytes(_sentencepiece(packed.vocabulary))
    tensors = bert_tensors(packed)
    save_graph(tensors, packed.config, np.load(VALUES), folder)
    halves = {name: tensor.astype(np.float16) for name, tensor in tensors.items()}  # exact enough for 4-bit weights
    save_file(halves, folder / "model.safetensors", metadata={"format": "pt"})


def _configuration(config: dict[str, Any]) -> dict[str, Any]:
    """The content of each JSON file, by name."""
    hidden, length = config["hidden_size"], config["max_position_embeddings"]
    return {
        "config.json": {"model_type": "bert", "architectures": ["BertModel"], "dtype": "float16", **config},
        "tokenizer_config.json": {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "model_max_length": length,
            "bos_token": "<s>",
            "eos_token": "</s>",
            "sep_token": "</s>",
            "cls_token": "<s>",
            "unk_token": "<unk>",
            "pad_token": "<pad>",
        },
        "modules.json": [
            {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
            {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
            {"idx": 2, "name": "2", "path": "2_Normalize", "type": "sentence_transformers.models.Normalize"},
        ],
        "sentence_bert_config.json": {"max_seq_length": length, "do_lower_case": False},
        "1_Pooling/config.json": {"word_embedding_dimension": hidden, "pooling_mode_mean_tokens": True},
        "2_Normalize/config.json": {},
        "config_sentence_transformers.json": {"prompts": PROMPTS, "similarity_fn_name": "cosine"},
    }


def _tokenizer(vocabulary: Vocabulary) -> Tokenizer:
    """The vocabulary for transformers, normalised by the library's own `Nmt` and `NFKC`."""
    from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

    subwords = list(zip(vocabulary.subwords, vocabulary.scores, strict=True))
    tokenizer = Tokenizer(models.Unigram(subwords, unk_id=vocabulary.unknown))
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.Nmt(), normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()])
    tokenizer.decoder = decoders.Metaspace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>",
        pair="<s> $A </s> </s> $B </s>",
        special_tokens=[("<s>", vocabulary.begin), ("</s>", vocabulary.end)],
    )
    return tokenizer


def _sentencepiece(vocabulary: Vocabulary) -> bytes:
    """The vocabulary for the OpenVINO encoder. The last subword is `<mask>`, which only training needs."""
    mask = len(vocabulary.subwords) - 1
    control = {vocabulary.begin, vocabulary.end, vocabulary.padding, mask}
    return sentencepiece_model(vocabulary.subwords, vocabulary.scores, vocabulary.unknown, control)
