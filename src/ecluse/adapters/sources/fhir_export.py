"""A FHIR R4 server as a source, through Bulk Data ``$export``: its files are tables, as those of a folder are.

One export is one state of the server, made when planning or extraction begins, and dropped when it ends. Types that no
declared place names are not asked for. The tables are kept in memory, compressed, where they fit into it; else each
query that mentions one downloads that type's files again. Nothing is written.
"""

import contextlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO, cast

import pyarrow as pa

from ecluse.adapters.sources._fhir import FhirReader, resource_types
from ecluse.adapters.sources._fhir_access import BackendServices, Bearer
from ecluse.adapters.sources._fhir_export import Download, ExportClient, Manifest, Output
from ecluse.adapters.sources._reading import Declared, digest_of
from ecluse.adapters.sources.files import Mount, MountedTables
from ecluse.adapters.sources.spec import Address, SourceSpec
from ecluse.domain.errors import EcluseError, MalformedError, ProfileError
from ecluse.domain.files import FileFormat
from ecluse.domain.plan import Snapshot, SourceFacts

__all__ = ["FhirExportSource"]

_SCOPE = "system/*.read"
_BUFFER = 1 << 20


@dataclass(frozen=True, slots=True)
class _Exported(Declared):
    """A declaration and the exported files of its types, each downloaded whenever it is read."""

    client: ExportClient = field(kw_only=True)
    manifest: Manifest = field(kw_only=True)
    output: tuple[Output, ...] = field(kw_only=True)
    read: dict[int, tuple[int, bytes]] = field(kw_only=True, default_factory=dict)
    """Of each file that was read to its end, its size and SHA-256."""

    def called(self, number: int) -> str:
        """By type and number: an address may hold a token."""
        return f"{self.output[number - 1].kind}.ndjson#{number}"

    @property
    def size(self) -> int:
        """Bytes of all files that were read."""
        return sum(size for size, _ in self.read.values())

    def digest(self) -> str:
        """See Declared."""
        return digest_of([self.read[number][1] for number in range(1, len(self.output) + 1)])

    def size_of(self, number: int) -> int:
        """See Declared."""
        return self.read[number][0]

    def open(self, number: int) -> BinaryIO:
        """See Declared. At its end the file must be what it was when it was read before."""
        download = self.client.download(self.manifest, self.output[number - 1])
        return cast("BinaryIO", _Lines(download, self, number))

    def ended(self, number: int, download: Download) -> None:
        """Raises MalformedError for another file than the first time."""
        found = download.size, download.sha256
        if self.read.setdefault(number, found) != found:
            raise MalformedError("an exported file changed while it was being read")


class _Lines(BufferedReader):
    """A download by lines."""

    def __init__(self, download: Download, exported: _Exported, number: int) -> None:
        super().__init__(download, _BUFFER)
        self._download, self._exported, self._number = download, exported, number

    def readline(self, size: int | None = -1, /) -> bytes:
        """A line; at the end, none."""
        line = super().readline(size)
        if not line and self._download.whole:
            self._exported.ended(self._number, self._download)
        return line


class FhirExportSource:
    """One server; its export is made, or another's taken over, when reading begins."""

    dialect = "duckdb"

    def __init__(self, spec: SourceSpec) -> None:
        """Look whether it is there. Raises ProfileError, UsageError, ConnectionLostError."""
        if not spec.files or any(file.format is not FileFormat.FHIR for file in spec.files.values()):
            raise ProfileError("a FHIR server is read as declared files of format fhir")
        self._spec = spec
        self._address = spec.address()
        self._client = _client(spec, self._address)
        self._client.check()
        self._manifest: Manifest | None = None
        self._own = False
        self._tables: MountedTables | None = None

    def facts(self) -> SourceFacts:
        """One state, one connection; the files' account, for which all of them are read. Raises MalformedError."""
        return SourceFacts("fhir", "4.0", Snapshot.SINGLE_CONNECTION, 1, self._mounted().intakes())

    def export_snapshot(self) -> str:
        """Have the export made; where its files are, for whoever reads them in this process."""
        return json.dumps(asdict(self._exported()))

    def adopt_snapshot(self, token: str | None) -> None:
        """Read another's export; None: one of its own."""
        if token is not None:
            told = json.loads(token)
            output, error = (tuple(Output(**each) for each in told[name]) for name in ("output", "error"))
            self._manifest = Manifest(told["status"], told["token"], output, error)
        self._mounted()

    def query(self, sql: str) -> pa.Table:
        """A small result. Raises ProfileError, MalformedError, ConnectionLostError."""
        return self._mounted().query(sql)

    def stream(self, sql: str, batch_rows: int) -> Iterator[pa.RecordBatch]:
        """The rows, in batches of about ``batch_rows``. Raises as ``query``."""
        return self._mounted().stream(sql, batch_rows)

    def close(self) -> None:
        """Forget what was read; an export of its own is dropped, if the server still is there."""
        if self._tables is not None:
            self._tables.close()
        if self._manifest is not None and self._own:
            with contextlib.suppress(EcluseError):
                self._client.end(self._manifest)

    def _exported(self) -> Manifest:
        if self._manifest is None:
            options = self._address.options
            kinds = sorted({kind for file in self._spec.files.values() for kind in resource_types(file)})
            filters = [each for each in options.get("filter", "").splitlines() if each]
            self._manifest = self._client.export(kinds, options.get("since", ""), filters)
            self._own = True
        return self._manifest

    def _mounted(self) -> MountedTables:
        if self._tables is None:
            manifest = self._exported()
            mounts = [self._mount(name, manifest) for name in self._spec.files]
            self._tables = MountedTables(mounts, self._spec.memory_mb, resident=True)
        return self._tables

    def _mount(self, name: str, manifest: Manifest) -> Mount:
        file = self._spec.files[name]
        kinds = set(resource_types(file))
        output = tuple(each for each in manifest.output if each.kind in kinds)
        paths = tuple(Path(f"{each.kind}.ndjson") for each in output)
        exported = _Exported(name, file, paths, client=self._client, manifest=manifest, output=output)
        counts = [each.count for each in output]
        return Mount(FhirReader(exported, [each.kind for each in output], counts), lambda: None)


def _client(spec: SourceSpec, address: Address) -> ExportClient:
    options = address.options
    client = ExportClient(address.url, options.get("files", ""))
    if "client" in options:
        endpoint = options.get("token", "")
        client.access = BackendServices(
            options["client"], Path(options["key"]), kid=options.get("kid", ""), scope=options.get("scope", _SCOPE),
            post=client.post_form, endpoint=lambda: endpoint or client.token_endpoint(),
        )  # fmt: skip
    else:
        client.access = Bearer(spec.password() or "")
    return client

