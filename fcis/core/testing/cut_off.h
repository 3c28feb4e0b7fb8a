// A network that fails between two processes of this machine.
#ifndef FCIS_CORE_TESTING_CUT_OFF_H_
#define FCIS_CORE_TESTING_CUT_OFF_H_

#include <sys/types.h>

namespace fcis {

enum class Cut {
  kSilent,  // what is sent is lost, and nobody is told
  kBroken   // both ends see the end of the connection
};

// Cuts the TCP connections between the two, in which IPv4 is spoken; both are
// descendants of this process. Returns how many there were.
int CutOff(pid_t a, pid_t b, Cut cut);

}  // namespace fcis

#endif  // FCIS_CORE_TESTING_CUT_OFF_H_
