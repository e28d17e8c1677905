"""``type_of``: the media type of a file by the end of its name.

What lives here: one table. What does not: what the machine's own tables say, which differ
from machine to machine: a module script or a WebAssembly file that works on one must not
fail on the next.
"""

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Final

__all__ = ["OCTETS", "TYPES", "type_of"]

OCTETS: Final = "application/octet-stream"
"""What is no other type: never an empty one."""

_TEXT: Final = "; charset=utf-8"

_ROWS: Final = f"""
text/html{_TEXT}              .html .htm
text/css{_TEXT}               .css
text/javascript{_TEXT}        .js .mjs .cjs
text/plain{_TEXT}             .txt .text .log .ini .conf .cfg .toml .py .rs .c .h .sh .rst
text/plain{_TEXT}             .fa .fasta .fai .bed .bedgraph .gtf .gff .gff3 .sam .vcf .obj .mtl
text/markdown{_TEXT}          .md .markdown
text/csv{_TEXT}               .csv
text/tab-separated-values{_TEXT}  .tsv .tab
text/vtt{_TEXT}               .vtt
text/plain{_TEXT}             .srt .prj .glsl .vert .frag
text/wgsl{_TEXT}              .wgsl
text/turtle{_TEXT}            .ttl
text/xml{_TEXT}               .xml .xsl .xslt .dzi
text/calendar{_TEXT}          .ics
application/json              .json .map .har .ipynb .topojson .jsonc .czml
application/manifest+json     .webmanifest
application/ld+json           .jsonld
application/geo+json          .geojson
application/x-ndjson          .ndjson .jsonl
application/json5             .json5
application/yaml              .yaml .yml
application/xhtml+xml         .xhtml
application/rss+xml           .rss
application/atom+xml          .atom
application/gpx+xml           .gpx
application/vnd.google-earth.kml+xml  .kml
application/vnd.google-earth.kmz  .kmz
application/dash+xml          .mpd
application/vnd.apple.mpegurl  .m3u8 .m3u
application/wasm              .wasm
application/pdf               .pdf
application/zip               .zip .npz .whl .crx .xpi .jar
application/gzip              .gz .tgz .bgz .svgz
application/x-bzip2           .bz2
application/x-xz              .xz
application/zstd              .zst
application/x-tar             .tar
application/x-7z-compressed   .7z
application/x-sqlite3         .sqlite .sqlite3 .db .mbtiles .gpkg
application/vnd.apache.parquet  .parquet .geoparquet
application/vnd.apache.arrow.file  .arrow .feather .ipc
application/vnd.apache.arrow.stream  .arrows
application/vnd.apache.avro   .avro
application/vnd.pmtiles       .pmtiles
application/vnd.mapbox-vector-tile  .mvt
application/x-protobuf        .pb .pbf
application/x-hdf5            .h5 .hdf5 .hdf .h5ad
application/x-netcdf          .nc .nc4 .cdf
application/wmo-GRIB2         .grib2 .grb2
application/fits              .fits .fit .fts
application/dicom             .dcm
application/vnd.laszip+copc   .copc.laz
application/vnd.laszip        .laz
application/vnd.las           .las
application/vnd.flatgeobuf    .fgb
application/json              .zarray .zattrs .zgroup .zmetadata
application/xml               .wsdl .xsd
application/sql               .sql
application/rtf               .rtf
application/epub+zip          .epub
application/vnd.openxmlformats-officedocument.spreadsheetml.sheet  .xlsx
application/vnd.openxmlformats-officedocument.wordprocessingml.document  .docx
application/vnd.openxmlformats-officedocument.presentationml.presentation  .pptx
application/octet-stream      .zarr .onnx .gguf .ggml .safetensors .bin .dat .npy .pt .pth .tflite
application/octet-stream      .bam .bai .cram .crai .tbi .csi .bcf .2bit
application/octet-stream      .bw .bigwig .bb .bigbed .hic
application/octet-stream      .b3dm .i3dm .pnts .cmpt .terrain .duckdb .wal .drc
application/octet-stream      .br .ply .splat .ksplat .spz
image/png                     .png
image/apng                    .apng
image/jpeg                    .jpg .jpeg .jpe
image/gif                     .gif
image/webp                    .webp
image/avif                    .avif
image/jxl                     .jxl
image/svg+xml                 .svg
image/x-icon                  .ico
image/bmp                     .bmp
image/tiff                    .tif .tiff .cog .svs
image/jp2                     .jp2 .j2k
image/heic                    .heic
image/ktx                     .ktx
image/ktx2                    .ktx2
image/vnd-ms.dds              .dds
image/vnd.radiance            .hdr
image/aces                    .exr
model/gltf+json               .gltf
model/gltf-binary             .glb
model/stl                     .stl
model/vnd.usdz+zip            .usdz
font/woff                     .woff
font/woff2                    .woff2
font/ttf                      .ttf
font/otf                      .otf
font/collection               .ttc
audio/mpeg                    .mp3
audio/mp4                     .m4a
audio/aac                     .aac
audio/ogg                     .ogg .oga .opus
audio/wav                     .wav
audio/flac                    .flac
audio/aiff                    .aif .aiff
audio/webm                    .weba
audio/midi                    .mid .midi
video/mp4                     .mp4 .m4v .m4s .cmfv
video/webm                    .webm
video/ogg                     .ogv
video/mp2t                    .ts .m2ts
video/quicktime               .mov
video/x-matroska              .mkv
"""

TYPES: Final[Mapping[str, str]] = MappingProxyType(
    {
        ending: row[: row.index("  ")].strip()
        for row in _ROWS.strip().splitlines()
        for ending in row[row.index("  ") :].split()
    }
)
"""The type of each ending, which is in lower case and begins with its dot."""


@lru_cache(maxsize=1_024)
def type_of(name: str) -> str:
    """Return the media type of a file; the longest ending that is known counts.

    >>> type_of("tiles.PMTiles"), type_of("README"), type_of("a.csv.gz")
    ('application/vnd.pmtiles', 'application/octet-stream', 'application/gzip')
    """
    rest = name.lower()
    while True:
        _, dot, rest = rest.partition(".")
        if not dot:
            return OCTETS
        if (found := TYPES.get(f".{rest}")) is not None:
            return found
