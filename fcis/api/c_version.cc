#include "fcis/core/cli/main.h"
#include "fcis/fcis.h"

const char* fcis_version() noexcept { return fcis::kVersion; }
