// The version of the library.
#ifndef FCIS_VERSION_H_
#define FCIS_VERSION_H_

#include "fcis/fcis.h"

namespace fcis {

// "major.minor.patch" (semver.org) of the library that runs, which may be later
// than these headers.
inline const char* version() noexcept { return fcis_version(); }

}  // namespace fcis

#endif  // FCIS_VERSION_H_
