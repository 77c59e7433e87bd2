"""Every bound that keeps hostile input from costing time or memory, with its unit."""

from __future__ import annotations

from dataclasses import dataclass

KIB = 1 << 10
MIB = 1 << 20
GIB = 1 << 30


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of one run. `LIMITS` holds the defaults, each well above what real evidence needs."""

    # certificates: a real delegated reply is 1 to 20 KB
    certificate_bytes: int = 4 * MIB
    cbor_depth: int = 128  # nested arrays and maps
    cbor_items: int = 100_000  # data items in one document
    tree_depth: int = 120  # hash tree nodes from root to leaf

    # Candid: the largest proposal carries a summary of 30 KB and some hundred measurements
    candid_types: int = 4_096  # entries in the wire's type table
    candid_references: int = 20_000  # types that fields, arguments and methods of the whole table name
    candid_depth: int = 64  # nested values
    candid_values: int = 100_000  # decoded values, counting those that take no bytes on the wire
    candid_free_values: int = 10_000  # decoded values beyond four a byte: room for nulls and empty records
    leb128_bytes: int = 24  # bytes of one LEB128 number

    # registry: a record takes at most 1.4 MB, larger ones come in chunks; a reply of the NNS takes at most 2 MiB
    protobuf_bytes: int = 4 * MIB  # one message
    protobuf_fields: int = 8_192  # fields of one message, those inside its parts not counted
    registry_key_bytes: int = 4 * KIB
    registry_chunks: int = 64  # parts of one value
    registry_value_bytes: int = 16 * MIB  # one value, put together from its parts
    registry_tree_nodes: int = 8_192  # of the tree that certifies changes: 1,000 versions take 4,000
    registry_versions: int = 1_000  # that one answer replays
    registry_answers: int = 2_000  # that one sync asks for; all of mainnet's take 77
    registry_sync_seconds: float = 3 * 3600.0  # one sync; the first of mainnet takes some minutes
    registry_store_bytes: int = 2 * GIB  # a synced registry; mainnet's takes 70 MB
    registry_store_steps: int = 2_000  # millions of steps that SQLite takes; to verify mainnet's takes 20
    listed_nodes: int = 5_000  # in a list of nodes; mainnet has 1,500
    node_list_bytes: int = (
        4 * MIB
    )  # a public list tells 1 KB of each node; JSON takes 30 times its size in memory
    subnets: int = 1_000  # that are looked through for a node; mainnet has 50
    hinted_nodes: int = 64  # that an audit asks for by their names
    registry_shown_bytes: int = 64 * KIB  # of a record that is shown in hex digits

    # a catalogue of elections: mainnet has one or two hundred, of 5 to 30 KB each
    catalogue_files: int = 20_000  # names in one of its folders
    catalogue_bytes: int = 128 * MIB  # all of them together, which are read at once

    # attestations of a build: one takes 11 KB, and 300 bytes more for each file that it is about; JSON takes 30
    # times its size in memory
    attestations: int = 100  # of one file; a release has one, or one for each time it was built
    attestations_bytes: int = 2 * MIB  # one answer or file that holds them: 100 take 1.1 MB
    attestation_pages: int = 3  # of GitHub's list of them

    # parameters: a list of 20 lines; a pipe is written to by a program that was started with us
    parameter_bytes: int = 64 * KIB
    yaml_values: int = 20_000  # of a parameter file or a record; the lines of 1 MB about boot trees are fewer
    parameter_seconds: float = 30.0  # until the last byte is there
    parameter_writer_seconds: float = 1.0  # until somebody opens a pipe to write to it

    # HTTP
    http_connect_seconds: float = 10.0
    http_read_seconds: float = 30.0
    call_deadline_seconds: float = 300.0  # one certified call, polling included
    silent_seconds: float = 30.0  # of a call to hosts none of which ever answered: there is no network
    answer_bytes: int = 8 * MIB  # any answer that is not an image
    image_bytes: int = 4 * GIB  # compressed update image
    proposal_addresses: int = 16  # of an image that are asked; a proposal has one or two
    download_seconds: float = (
        6 * 3600.0
    )  # one image, all attempts: a real one takes that long at 21 KB a second
    slow_download_bytes: int = (
        64 * KIB
    )  # have to come in every `slow_download_seconds`, else the server is given up
    slow_download_seconds: float = 60.0

    # update image
    zstd_window_log: int = 27  # log2 of the decompression window in bytes
    boot_image_bytes: int = 4 * GIB  # apparent size
    root_image_bytes: int = 16 * GIB  # apparent size
    overlay_bytes: int = 16 * GIB  # apparent size of the overlay.raw of older images
    version_bytes: int = 4 * KIB
    sparse_entries: int = 2_000_000  # runs of data in one sparse member
    tar_padding_bytes: int = 1 * MIB  # zeros behind the last member
    image_content_bytes: int = 12 * GIB  # what an update image unpacks to, without holes

    # file systems
    file_bytes: int = 512 * MIB  # one file that is read into memory
    tree_entries: int = 100_000  # names in one tree
    tree_path_bytes: int = 16 * MIB  # paths of one tree together; 100,000 of 60 bytes take 6 MB
    tree_bytes: int = 2 * GIB  # content of one boot tree
    link_steps: int = 1_000_000  # path components on the way along all links of a tree; a boot tree takes ten
    kernel_bytes: int = 64 * MIB  # of a boot partition; a release's takes 15
    initrd_bytes: int = 256 * MIB  # of a boot partition; a release's takes 60 to 100
    boot_args_bytes: int = 256 * KIB
    boot_args_lines: int = (
        256  # a release has four command lines; every one is tried to explain a measurement
    )
    boot_args_line_bytes: int = 4 * KIB  # every row of a report repeats one; Linux takes 2 KiB on x86
    directory_bytes: int = 32 * MIB  # blocks of one directory
    file_system_items: int = 2_000_000  # extents and block numbers decoded from one image

    # root file systems: a release's has some ten thousand files, and 1 to 2 GiB in them
    root_kept_bytes: int = 80 * MIB  # inodes, directories and small files of one that are kept in memory
    root_content_bytes: int = 16 * GIB  # blocks that the files of one name, those counted twice that two name
    root_apparent_bytes: int = 1 << 50  # sizes of the files of one, holes included
    root_text_bytes: int = 64 * KIB  # a file up to this size is shown line by line where it differs
    root_texts_bytes: int = 20 * MIB  # of one, kept to be shown line by line
    root_text_lines: int = 400  # of one file that are shown
    root_texts_lines: int = 20_000  # of all files that are shown
    root_text_steps: int = 3_000_000  # lines, and steps of the search for those that differ, of all files
    root_line_characters: int = 400  # of one line that are shown
    root_comparison_bytes: int = 64 * MIB  # all differences, as evidence
    root_differences: int = 30_000  # that are listed one by one

    # firmware and matrix
    firmware_bytes: int = 64 * MIB
    firmware_section_bytes: int = 64 * MIB  # guest memory that SEV metadata lists; AmdSev builds list 0.1 MiB
    launch_measurements_bytes: int = 1 * MIB  # a published file is 3 KB
    vcpus: int = 512  # highest vCPU count of a matrix or sweep
    sweep_variants: int = 100_000
    matrix_settings: int = (
        256  # of an audit, where another library measures each again; a release has 6 to 24
    )
    blessed_measurements: int = 2_048  # rows of one comparison; the largest proposal has some hundred

    # attestation
    attestation_bytes: int = 256 * KIB  # a report with its certificate table takes 5 KB, a chain in PEM 8 KB
    compared_excerpt_bytes: int = 4 * KIB  # files up to this size are shown where two images differ
    compared_excerpts: int = 8  # differing small files of which an excerpt is shown
    recorded_trees_bytes: int = (
        512 * KIB
    )  # the boot trees of an audit in its record; some hundred names take 200 KiB
    compared_differences: int = 1_000  # differences that are listed one by one

    # notebooks
    socket_path_bytes: int = 100  # a path of a socket: Linux takes 107 bytes, macOS and the BSDs 103

    # reports
    report_bytes: int = 64 * MIB  # one audit.json, or one rendering of it
    # commas, colons and opening brackets of one JSON text; 30,000 differences of two root file systems take 2,300,000
    json_marks: int = 3_000_000
    signatures: int = 1_000  # lines of one file of signatures; an auditor writes two
    evidence_bytes: int = (
        512 * MIB
    )  # all that one report keeps; a release's kernel, initrd and firmware take 130
    collection_entries: int = 100_000  # names in a folder of reports, evidence left out
    collection_depth: int = 16  # folders from a folder of reports to a report
    shown_characters: int = 2_000  # of one text that others wrote, in HTML


LIMITS = Limits()
