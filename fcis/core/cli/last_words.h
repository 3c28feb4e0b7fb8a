#ifndef FCIS_CORE_CLI_LAST_WORDS_H_
#define FCIS_CORE_CLI_LAST_WORDS_H_

#include <string>

namespace fcis {

// From now on the program says why it ends, and with kExitRunError, where no
// status could: in any of its threads there was no memory, or no thread to be
// had, and nobody caught that; or a file that it has mapped was cut short, or
// cannot be read. Other causes end it as before.
void InstallLastWords(const std::string& program);

}  // namespace fcis

#endif  // FCIS_CORE_CLI_LAST_WORDS_H_
