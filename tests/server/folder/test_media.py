"""The type of a file is the same on every machine, and is never empty."""

import pytest

from corsmith.server.folder.media import OCTETS, TYPES, type_of


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("app.mjs", "text/javascript; charset=utf-8"),
        ("a.wasm", "application/wasm"),
        ("a.parquet", "application/vnd.apache.parquet"),
        ("a.arrow", "application/vnd.apache.arrow.file"),
        ("A.PMTILES", "application/vnd.pmtiles"),
        ("a.geojson", "application/geo+json"),
        ("a.tif", "image/tiff"),
        ("a.glb", "model/gltf-binary"),
        ("a.ktx2", "image/ktx2"),
        ("a.m3u8", "application/vnd.apple.mpegurl"),
        ("a.onnx", OCTETS),
        ("a.gguf", OCTETS),
        ("a.zarr", OCTETS),
        ("a.gltf", "model/gltf+json"),
        ("segment.ts", "video/mp2t"),
        ("a.mpd", "application/dash+xml"),
        ("a.safetensors", OCTETS),
        ("a.ipynb", "application/json"),
        ("a.npy", OCTETS),
        ("a.h5", "application/x-hdf5"),
        ("a.nc", "application/x-netcdf"),
        ("a.fgb", "application/vnd.flatgeobuf"),
        ("a.topojson", "application/json"),
        ("a.csv", "text/csv; charset=utf-8"),
        ("a.tsv", "text/tab-separated-values; charset=utf-8"),
        ("a.jsonl", "application/x-ndjson"),
        ("a.ndjson", "application/x-ndjson"),
        ("a.vtt", "text/vtt; charset=utf-8"),
        ("a.webmanifest", "application/manifest+json"),
        ("a.avif", "image/avif"),
        ("a.webp", "image/webp"),
        ("a.jxl", "image/jxl"),
        ("a.svg", "image/svg+xml"),
        ("a.svgz", "application/gzip"),
        ("a.zst", "application/zstd"),
        ("a.br", OCTETS),
        ("shader.wgsl", "text/wgsl; charset=utf-8"),
        ("a.json5", "application/json5"),
        ("a.yaml", "application/yaml"),
        ("a.toml", "text/plain; charset=utf-8"),
        ("a.md", "text/markdown; charset=utf-8"),
        ("a.txt", "text/plain; charset=utf-8"),
        ("a.las", "application/vnd.las"),
        ("a.bam", OCTETS),
        (".zarray", "application/json"),
        ("zarr.json", "application/json"),
        ("points.copc.laz", "application/vnd.laszip+copc"),
        ("2024.01.laz", "application/vnd.laszip"),
        ("a.csv.gz", "application/gzip"),
        ("README", OCTETS),
        ("0", OCTETS),
        ("a.unheard-of", OCTETS),
        ("a.", OCTETS),
        ("", OCTETS),
    ],
)
def test_the_longest_ending_that_is_known_counts(name: str, expected: str) -> None:
    assert type_of(name) == expected


def test_the_table_has_whole_types_of_endings_in_lower_case() -> None:
    assert len(TYPES) > 200
    for ending, kind in TYPES.items():
        assert ending.startswith(".")
        assert ending == ending.lower()
        assert kind.split("/")[0] in {
            "application",
            "audio",
            "font",
            "image",
            "model",
            "text",
            "video",
        }
        assert "  " not in kind
