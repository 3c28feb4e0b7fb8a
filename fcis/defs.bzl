"""fcis_library, fcis_test, fcis_binary, fcis_program: the rules of @rules_cc with what nearly
every target of this project has."""

load("@rules_cc//cc:defs.bzl", "cc_binary", "cc_library", "cc_test")
load("//third_party/precompiled:defs.bzl", "TEST_COPTS")

# What everything stands on. Abseil is one set of system libraries, of which the
# linker keeps what is used.
_BASE = "//fcis/core/base"
_ABSL = "@com_google_absl//:absl"

def _everywhere():
    return [_ABSL] if native.package_name() == _BASE[2:] else [_BASE, _ABSL]

# Where most files read messages of Protobuf.
_WITH_MESSAGES = [
    "fcis/core/config",
    "fcis/data/download",
    "fcis/eval",
    "fcis/model",
    "fcis/tools",
    "fcis/train",
]

def _reads_messages():
    package = native.package_name() + "/"
    return any([package.startswith(folder + "/") for folder in _WITH_MESSAGES])

def _precompiled(arguments):
    """A rule's arguments, with its files reading what is precompiled first."""
    deps = arguments["deps"] + _everywhere()
    copts = arguments.get("copts") or []

    # What is precompiled brings its own options for the optimizer along.
    if copts == ["-O3"]:
        name = "common_o3"
    elif copts == TEST_COPTS:
        name = "tests"
    elif copts:
        return dict(arguments, deps = deps)
    else:
        name = "messages" if _reads_messages() else "common"
    return dict(
        arguments,
        copts = copts + ["-include", "third_party/precompiled/%s.h" % name],
        deps = deps + ["//third_party/precompiled:" + name],
    )

def fcis_test(name, srcs = None, deps = [], size = "small", **kwargs):
    """A cc_test of <name>.cc with GoogleTest's main.

    Args:
      name: of the test.
      srcs: default: <name>.cc.
      deps: beside Abseil, GoogleTest and //fcis/core/base.
      size: as of every test.
      **kwargs: passed to cc_test.
    """
    cc_test(
        name = name,
        size = size,
        srcs = srcs or [name + ".cc"],
        **_precompiled(dict(
            kwargs,
            copts = TEST_COPTS,
            deps = deps + ["@com_google_googletest//:gtest_main"],
        ))
    )

def fcis_library(
        name,
        units = None,
        srcs = [],
        hdrs = [],
        deps = [],
        test = fcis_test,
        own_tests = [],
        test_deps = [],
        test_size = "small",
        test_tags = [],
        test_data = [],
        **kwargs):
    """A cc_library of units, and a test of each that has one.

    A unit u is u.h and, where there is one, u.cc. With u_test.cc beside it comes
    the test u_test, which has the library's deps and test_deps.

    Args:
      name: of the library.
      units: default: one, of the library's name.
      srcs: beside the units'.
      hdrs: beside the units'.
      deps: beside Abseil and //fcis/core/base.
      test: the rule of the tests.
      own_tests: units whose test is written out, as it needs more than others.
      test_deps: of the tests only.
      test_size: as of every test.
      test_tags: as of every test.
      test_data: as of every test.
      **kwargs: passed to cc_library.
    """
    units = [name] if units == None else units
    cc_library(
        name = name,
        srcs = srcs + native.glob([unit + ".cc" for unit in units]),
        hdrs = hdrs + native.glob([unit + ".h" for unit in units]),
        **_precompiled(dict(kwargs, deps = deps))
    )
    for unit in units:
        if unit not in own_tests and native.glob([unit + "_test.cc"]):
            test(
                name = unit + "_test",
                size = test_size,
                data = test_data,
                tags = test_tags,
                deps = [":" + name] + deps + test_deps,
            )

def fcis_binary(name, srcs = None, deps = [], **kwargs):
    """A cc_binary of <name>.cc.

    Args:
      name: of the program.
      srcs: default: <name>.cc.
      deps: beside Abseil and //fcis/core/base.
      **kwargs: passed to cc_binary.
    """
    cc_binary(
        name = name,
        srcs = srcs or [name + ".cc"],
        **_precompiled(dict(kwargs, deps = deps))
    )

def fcis_program(name, visibility = None, **kwargs):
    """A program: the target of its name, and the file that Bazel makes of it.

    The file is <name>_main, of <name>_main.cc: folders and libraries are called
    as programs are.

    Args:
      name: of the program, as its --help and README call it.
      visibility: of both.
      **kwargs: passed to fcis_binary.
    """
    fcis_binary(name = name + "_main", visibility = visibility, **kwargs)
    native.alias(name = name, actual = name + "_main", visibility = visibility)
