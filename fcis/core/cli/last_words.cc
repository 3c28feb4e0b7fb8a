#include "fcis/core/cli/last_words.h"

#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <new>
#include <system_error>

#include "fcis/core/cli/exit_code.h"

namespace fcis {
namespace {

std::string* beginning = nullptr;  // "demo: "; lives as long as the process
std::terminate_handler before = nullptr;

void Say(const char* text) {
  [[maybe_unused]] const ssize_t n =
      write(STDERR_FILENO, text, std::strlen(text));
}

// Takes no memory.
[[noreturn]] void End(const char* why) {
  Say(beginning->c_str());
  Say(why);
  Say("\n");
  _exit(kExitRunError);
}

[[noreturn]] void OnTerminate() {
  try {
    if (std::current_exception() != nullptr) throw;
  } catch (const std::bad_alloc&) {
    End("not enough memory");
  } catch (const std::system_error& error) {  // std::thread's
    End(error.what());
  } catch (...) {
  }
  before();
  std::abort();
}

void OnBusError(int /*signal*/) {
  End("a file was cut short while it was read, or its disk failed (SIGBUS)");
}

}  // namespace

void InstallLastWords(const std::string& program) {
  if (beginning != nullptr) return;
  beginning = new std::string(program + ": ");
  before = std::set_terminate(OnTerminate);
  std::signal(SIGBUS, OnBusError);
}

}  // namespace fcis
