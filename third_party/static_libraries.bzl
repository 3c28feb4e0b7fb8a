"""@static_libraries: Debian's static libraries, made fit for a shared library.

They are compiled for position-independent programs, which may reach two things in ways that a
shared library may not: thread-local variables, and the variable stderr of libc. The objects
with thread-local variables are taken out; third_party/static/thread_locals.cc stands in for
them. stderr is renamed to a variable of that file.

That file knows the insides of Debian 12's libraries. Where there are others, the repository is
empty, STATIC is False, and the shared library takes the system's shared libraries.
"""

_ABSEIL = "20220623"

# Copied as they are, but for stderr.
_LIBRARIES = ["absl_*", "crypto", "jpeg", "png16", "protobuf", "stdc++", "z"]

# Taken out.
_OBJECTS = {
    "absl_base": "sysinfo.cc.o",
    "absl_cordz_functions": "cordz_functions.cc.o",
    "absl_raw_hash_set": "raw_hash_set.cc.o",
    "protobuf": "arena.o",
    "stdc++": "random.o",  # asks for a later libc than all others
}

_BUILD = """
filegroup(
    name = "archives",
    srcs = glob(["*.a"]),
    visibility = ["//visibility:public"],
)
"""

_SCRIPT = """
set -euo pipefail
system=$(dirname "$(gcc -print-file-name=libz.a)")
for library in $1; do
  found=$(gcc -print-file-name="lib$library.a")
  [[ -e $found ]] || found=$(ls "$system"/lib$library.a)
  for archive in $found; do
    objcopy --redefine-sym stderr=stderr_of_libc "$archive" "$(basename "$archive")"
  done
done
shift
for object in "$@"; do
  ar ds "lib${object%:*}.a" "${object#*:}"
done
"""

def _static_libraries_impl(ctx):
    abseil = ctx.execute(["pkg-config", "--modversion", "absl_base"])
    if abseil.return_code != 0:
        fail("pkg-config finds no Abseil: run ./bootstrap\n" + abseil.stderr)
    static = abseil.stdout.strip() == _ABSEIL
    ctx.file("found.bzl", "STATIC = {}\n".format(static))
    if not static:
        ctx.file("BUILD.bazel", _BUILD)
        return
    objects = ["{}:{}".format(library, object) for library, object in _OBJECTS.items()]
    result = ctx.execute(["bash", "-c", _SCRIPT, "bash", " ".join(_LIBRARIES)] + objects)
    if result.return_code != 0:
        fail("the static libraries cannot be prepared: run ./bootstrap\n" + result.stderr)
    ctx.file("BUILD.bazel", _BUILD)

static_libraries = repository_rule(
    implementation = _static_libraries_impl,
    local = True,
)
