"""The outside world of the workspace: libraries of the system, found where
Debian's packages put them, each as a repository with upstream's labels, so
that a build needs no network."""

load("//third_party:absl.bzl", "absl_repository")
load("//third_party:local_cuda.bzl", "local_cuda_repository")
load("//third_party:open_mpi.bzl", "open_mpi_repository")
load("//third_party:protobuf.bzl", "protobuf_repository")
load("//third_party:static_libraries.bzl", "static_libraries")
load("//third_party:system_library.bzl", "system_library")
load("//third_party:system_packages.bzl", "system_packages_repository")

_DEBIAN = "/usr/share/bazel"

def fcis_repositories():
    """Declares every repository that the BUILD files name."""
    for name in ["rules_cc", "rules_proto", "remote_coverage_tools"]:
        native.local_repository(name = name, path = "third_party/" + name)
    native.local_repository(name = "platforms", path = _DEBIAN + "/tools/platforms")
    native.local_repository(name = "rules_java", path = _DEBIAN + "/rules/java")

    absl_repository(name = "com_google_absl")
    protobuf_repository(name = "com_google_protobuf")
    open_mpi_repository(name = "open_mpi")
    local_cuda_repository(name = "local_cuda")
    static_libraries(name = "static_libraries")
    system_packages_repository(name = "system_packages")

    system_library(
        name = "com_google_googletest",
        libraries = {
            "gtest": ["-lgmock", "-lgtest", "-lpthread"],
            "gtest_main": ["-lgmock_main", "-lgmock", "-lgtest", "-lpthread"],
        },
        header = "gtest/gtest.h",
    )
    system_library(
        name = "com_github_google_benchmark",
        libraries = {
            "benchmark": ["-lbenchmark", "-lpthread"],
            "benchmark_main": ["-lbenchmark_main", "-lbenchmark", "-lpthread"],
        },
        header = "benchmark/benchmark.h",
    )
    system_library(
        name = "rapidjson",
        libraries = {"rapidjson": []},
        header = "rapidjson/reader.h",
    )
    system_library(
        name = "libjpeg_turbo",
        libraries = {"jpeg": ["-ljpeg"], "turbojpeg": ["-lturbojpeg"]},
        header = "jpeglib.h",
    )
    system_library(
        name = "libpng",
        libraries = {"png": ["-lpng16", "-lz"]},
        header = "png.h",
    )
    system_library(
        name = "zlib",
        libraries = {"zlib": ["-lz"]},
        header = "zlib.h",
    )
    system_library(
        name = "onednn",
        libraries = {"dnnl": ["-ldnnl"]},
        header = "oneapi/dnnl/dnnl.hpp",
    )
    system_library(
        name = "curl",
        libraries = {"curl": ["-lcurl"]},
        header = "x86_64-linux-gnu/curl/curl.h",
    )
    system_library(
        name = "libarchive",
        libraries = {"archive": ["-larchive"]},
        header = "archive.h",
    )

    # The macro is one that the library was built with.
    system_library(
        name = "cpp_httplib",
        defines = ["CPPHTTPLIB_OPENSSL_SUPPORT"],
        libraries = {"httplib": ["-lcpp-httplib", "-lssl", "-lcrypto", "-lpthread"]},
        header = "httplib.h",
    )
    system_library(
        name = "openssl",
        libraries = {"crypto": ["-lcrypto"], "ssl": ["-lssl", "-lcrypto"]},
        header = "openssl/evp.h",
    )
