// FCIS_MULTIVERSION compiles a function for several instruction sets and picks
// one at load time: what ships runs on any x86-64 and uses what the CPU has.
//
// Sanitizers cannot instrument the load-time resolvers, so there the macro is
// empty. Results do not depend on the version picked: contraction is off for
// the whole tree (-ffp-contract=off), only the vector width differs. A loop
// that reduces floats is not reordered by the compiler, so it stays exact too.
#ifndef FCIS_CORE_BASE_MULTIVERSION_H_
#define FCIS_CORE_BASE_MULTIVERSION_H_

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) && \
    !defined(FCIS_NO_MULTIVERSION)
#define FCIS_MULTIVERSION \
  __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define FCIS_MULTIVERSION
#endif

#endif  // FCIS_CORE_BASE_MULTIVERSION_H_
