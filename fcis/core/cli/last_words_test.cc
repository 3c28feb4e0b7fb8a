#include "fcis/core/cli/last_words.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <new>
#include <stdexcept>
#include <system_error>
#include <thread>

#include "fcis/core/cli/exit_code.h"
#include "gtest/gtest.h"

namespace fcis {
namespace {

using ::testing::ExitedWithCode;
using ::testing::KilledBySignal;

// What `work` does in a thread of its own of a program called demo.
template <typename Work>
void InThread(const Work& work) {
  InstallLastWords("demo");
  std::thread(work).join();
}

// A file of one page, mapped, and then cut to nothing.
const char* CutShort() {
  const std::string path = ::testing::TempDir() + "/cut_short";
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC, 0600);
  const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  EXPECT_EQ(ftruncate(fd, static_cast<off_t>(page)), 0);
  void* const mapped = mmap(nullptr, page, PROT_READ, MAP_PRIVATE, fd, 0);
  EXPECT_EQ(ftruncate(fd, 0), 0);
  close(fd);
  return static_cast<const char*>(mapped);
}

TEST(LastWordsDeathTest, NoMemory) {
  EXPECT_EXIT(InThread([] { throw std::bad_alloc(); }),
              ExitedWithCode(kExitRunError), "^demo: not enough memory\n$");
}

TEST(LastWordsDeathTest, NoThread) {
  EXPECT_EXIT(
      InThread([] {
        throw std::system_error(
            std::make_error_code(std::errc::resource_unavailable_try_again),
            "thread");
      }),
      ExitedWithCode(kExitRunError),
      "^demo: thread: Resource temporarily unavailable\n$");
}

TEST(LastWordsDeathTest, AMappedFileIsCutShort) {
  EXPECT_EXIT(InThread([] {
                const volatile char* const bytes = CutShort();
                std::exit(bytes[0]);
              }),
              ExitedWithCode(kExitRunError), "^demo: a file was cut short");
}

TEST(LastWordsDeathTest, BugsStayCrashes) {
  EXPECT_EXIT(InThread([] { throw std::logic_error("a bug"); }),
              KilledBySignal(SIGABRT), "a bug");
}

}  // namespace
}  // namespace fcis
