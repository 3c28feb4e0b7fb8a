#include "fcis/core/io/file.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis {
namespace {

using ::testing::HasSubstr;

std::string Path(absl::string_view name) {
  return absl::StrCat(::testing::TempDir(), "/", name);
}

TEST(File, WritesAndReadsBack) {
  const std::string path = Path("a.bin");
  const std::string bytes(3000000, 'x');
  ASSERT_TRUE(WriteFileAtomic(path, "old").ok());
  ASSERT_TRUE(WriteFileAtomic(path, bytes).ok());
  EXPECT_EQ(*ReadFile(path), bytes);
  EXPECT_EQ((*MappedFile::Open(path))->bytes(), bytes);
}

TEST(File, MakesDirectories) {
  const std::string file = Path("a/b/c.txt");
  EXPECT_FALSE(FileExists(Path("a")));
  ASSERT_TRUE(MakeDirectoriesOf(file).ok());
  ASSERT_TRUE(MakeDirectoriesOf(file).ok());
  EXPECT_TRUE(FileExists(Path("a/b")));
  EXPECT_FALSE(FileExists(file));
  EXPECT_TRUE(MakeDirectoriesOf("c.txt").ok());
  ASSERT_TRUE(WriteFileAtomic(file, "").ok());
  EXPECT_THAT(std::string(MakeDirectories(file + "/d").message()),
              HasSubstr(absl::StrCat("cannot make ", file, "/d: ")));
}

TEST(File, EmptyFile) {
  const std::string path = Path("empty");
  ASSERT_TRUE(WriteFileAtomic(path, "").ok());
  EXPECT_EQ(*ReadFile(path), "");
  EXPECT_EQ((*MappedFile::Open(path))->bytes(), "");
}

TEST(File, DroppedBytesComeBack) {
  const std::string path = Path("large");
  std::string bytes(100000, 'x');
  bytes[50000] = 'y';
  ASSERT_TRUE(WriteFileAtomic(path, bytes).ok());
  const auto mapped = *MappedFile::Open(path);
  const auto resident = [&] {
    const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
    const auto begin = reinterpret_cast<uintptr_t>(mapped->bytes().data());
    const int map = open("/proc/self/pagemap", O_RDONLY);
    uint64_t entry = 0;
    EXPECT_EQ(pread(map, &entry, sizeof entry,
                    static_cast<off_t>((begin + 50000) / page * sizeof entry)),
              sizeof entry);
    close(map);
    return entry >> 63 != 0;
  };
  EXPECT_EQ(mapped->bytes(), bytes);
  EXPECT_TRUE(resident());
  mapped->Drop(mapped->bytes().substr(1, 99998));
  EXPECT_FALSE(resident());
  EXPECT_EQ(mapped->bytes(), bytes);
  // What is no mapping stays as it is.
  const auto held = MappedFile::OfBytes(bytes);
  held->Drop(held->bytes());
  EXPECT_EQ(held->bytes(), bytes);
}

TEST(File, PipesAndFilesWithoutASize) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  ASSERT_EQ(write(ends[1], "piped", 5), 5);
  close(ends[1]);
  const auto pipe_file =
      MappedFile::Open("/proc/self/fd/" + std::to_string(ends[0]));
  ASSERT_TRUE(pipe_file.ok()) << pipe_file.status();
  EXPECT_EQ((*pipe_file)->bytes(), "piped");
  close(ends[0]);
  const auto proc = MappedFile::Open("/proc/self/status");
  ASSERT_TRUE(proc.ok()) << proc.status();
  EXPECT_THAT(std::string((*proc)->bytes()), HasSubstr("Pid:"));
}

TEST(File, ErrorsNameThePath) {
  const std::string missing = Path("missing");
  EXPECT_EQ(ReadFile(missing).status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(MappedFile::Open(missing).status().message(),
              HasSubstr("missing"));
  EXPECT_THAT(ReadFile(::testing::TempDir()).status().message(),
              HasSubstr("directory"));
  EXPECT_THAT(WriteFileAtomic(Path("no/such/dir"), "x").message(),
              HasSubstr("no/such/dir"));
}

TEST(AtomicFile, LeavesTheOldFileUnlessCommitted) {
  const std::string path = Path("kept");
  ASSERT_TRUE(WriteFileAtomic(path, "old").ok());
  {
    auto file = AtomicFile::Create(path);
    ASSERT_TRUE(file.ok());
    ASSERT_TRUE((*file)->Append("new").ok());
  }
  EXPECT_EQ(*ReadFile(path), "old");
}

// A file-size limit stands in for a full disk: write() fails half-way.
TEST(AtomicFile, FailedWriteLeavesNothingBehind) {
  const std::string path = Path("limited");
  ASSERT_TRUE(WriteFileAtomic(path, "old").ok());
  std::signal(SIGXFSZ, SIG_IGN);
  struct rlimit before;
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  struct rlimit small = before;
  small.rlim_cur = 1000;
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  const absl::Status status = WriteFileAtomic(path, std::string(5000, 'x'));
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  EXPECT_THAT(status.message(), HasSubstr("limited"));
  EXPECT_EQ(*ReadFile(path), "old");
  EXPECT_FALSE(FileExists(path + ".fcis.tmp"));
}

TEST(AtomicFile, TakesWhatAKilledWriterLeft) {
  const std::string path = Path("killed"), left = path + ".fcis.tmp";
  const pid_t child = fork();
  if (child == 0) {
    const auto file = AtomicFile::Create(path);
    (*file)->Append("a long half").IgnoreError();
    raise(SIGKILL);
  }
  ASSERT_EQ(waitpid(child, nullptr, 0), child);
  ASSERT_EQ(*ReadFile(left), "a long half");
  ASSERT_TRUE(WriteFileAtomic(path, "new").ok());
  EXPECT_EQ(*ReadFile(path), "new");
  EXPECT_FALSE(FileExists(left));
}

TEST(AtomicFile, TwoWritersOfOneNameDoNotMeet) {
  const std::string path = Path("two");
  auto first = AtomicFile::Create(path), second = AtomicFile::Create(path);
  ASSERT_TRUE(first.ok() && second.ok());
  ASSERT_TRUE((*first)->Append("the first").ok());
  ASSERT_TRUE((*second)->Append("the second").ok());
  ASSERT_TRUE((*first)->Commit().ok());
  EXPECT_EQ(*ReadFile(path), "the first");
  ASSERT_TRUE((*second)->Commit().ok());
  EXPECT_EQ(*ReadFile(path), "the second");
}

// A link in its place leads to what is not ours to write.
TEST(AtomicFile, FollowsNoLink) {
  const std::string path = Path("linked"), other = Path("other");
  ASSERT_TRUE(WriteFileAtomic(other, "untouched").ok());
  for (const auto& make : {symlink, link}) {
    ASSERT_EQ(make(other.c_str(), (path + ".fcis.tmp").c_str()), 0);
    EXPECT_TRUE(WriteFileAtomic(path, "new").ok());
    EXPECT_EQ(*ReadFile(path), "new");
    EXPECT_EQ(*ReadFile(other), "untouched");
    ASSERT_EQ(unlink((path + ".fcis.tmp").c_str()), 0);
  }
}

// A rename would put a file in its place; in that of a device, too, as root.
TEST(AtomicFile, WritesIntoAPipe) {
  const std::string path = Path("pipe");
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  const int reader = open(path.c_str(), O_RDONLY | O_NONBLOCK);
  ASSERT_GE(reader, 0);
  EXPECT_TRUE(WriteFileAtomic(path, "piped").ok());
  char bytes[9];
  EXPECT_EQ(read(reader, bytes, sizeof bytes), 5);
  struct stat info;
  ASSERT_EQ(stat(path.c_str(), &info), 0);
  EXPECT_TRUE(S_ISFIFO(info.st_mode));
  EXPECT_FALSE(FileExists(path + ".fcis.tmp"));
  close(reader);
  unlink(path.c_str());
}

TEST(AtomicFile, StandardOutputGoesOnBehindWhatWasPrinted) {
  const std::string path = Path("printed");
  const pid_t child = fork();
  if (child == 0) {
    const bool ready = freopen(path.c_str(), "w", stdout) != nullptr;
    printf("before ");
    // As /dev/stdout is, in a directory that is one's own.
    const std::string link = Path("stdout");
    if (!ready || symlink("/proc/self/fd/1", link.c_str()) != 0) _exit(1);
    const bool written = WriteFileAtomic(link, "written ").ok();
    struct stat info;
    const bool stays = lstat(link.c_str(), &info) == 0 && S_ISLNK(info.st_mode);
    printf("after");
    fflush(stdout);
    _exit(written && stays ? 0 : 2);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(*ReadFile(path), "before written after");
  unlink(Path("stdout").c_str());
}

}  // namespace
}  // namespace fcis
