#include "fcis/core/comm/communicator.h"

namespace fcis {

std::unique_ptr<Communicator> MakeSelfCommunicator() {
  return std::make_unique<SelfCommunicator>();
}

}  // namespace fcis
