#include "fcis/train/checkpoint/checkpoint_store.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <system_error>
#include <utility>

#include "absl/functional/function_ref.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/io/file.h"
#include "fcis/data/json/json_scanner.h"
#include "fcis/data/json/json_writer.h"

namespace fcis::train {
namespace {

namespace fs = std::filesystem;

constexpr char kIterationKey[] = "iteration";
constexpr char kApKey[] = "ap";
constexpr char kValidationKey[] = "validation_set";  // in hex
constexpr char kLaterKey[] = "without_improvement";

absl::Status FileError(absl::string_view what, const std::string& path,
                       const std::error_code& error) {
  return ErrnoStatus(what, path, error.value());
}

std::string Join(const std::string& directory, absl::string_view name) {
  return (fs::path(directory) / std::string(name)).string();
}

// Calls `visit` with the name of everything in the directory.
absl::Status ForEachName(const std::string& directory,
                         absl::FunctionRef<void(const std::string&)> visit) {
  std::error_code error;
  for (fs::directory_iterator it(directory, error), end; !error && it != end;
       it.increment(error)) {
    visit(it->path().filename().string());
  }
  if (error) return FileError("cannot list", directory, error);
  return absl::OkStatus();
}

absl::Status Remove(const std::string& path) {
  std::error_code error;
  fs::remove(path, error);
  if (error) return FileError("cannot remove", path, error);
  return absl::OkStatus();
}

// "checkpoint_00000010.safetensors.fcis.tmp", as AtomicFile names it.
bool IsLeftOver(absl::string_view name) {
  if (!absl::EndsWith(name, ".tmp")) return false;
  constexpr absl::string_view kEnd = ".safetensors";
  const size_t end = name.find(absl::StrCat(kEnd, "."));
  if (end == absl::string_view::npos) return false;
  const absl::string_view target = name.substr(0, end + kEnd.size());
  return CheckpointIteration(target) >= 0 || target == kBestCheckpoint;
}

absl::StatusOr<FoundCheckpoint> FindNewest(const std::string& directory) {
  ASSIGN_OR_RETURN(const std::vector<std::string> paths,
                   ListCheckpoints(directory));
  if (paths.empty()) {
    return absl::NotFoundError(absl::StrCat(directory, " holds no checkpoint"));
  }
  FoundCheckpoint found;
  for (const std::string& path : paths) {
    absl::StatusOr<Checkpoint> checkpoint = ReadCheckpoint(path);
    if (checkpoint.ok()) {
      found.checkpoint = *std::move(checkpoint);
      found.path = path;
      return found;
    }
    found.warnings.push_back(std::string(checkpoint.status().message()));
  }
  return absl::DataLossError(absl::StrCat(
      directory,
      " holds no sound checkpoint: ", absl::StrJoin(found.warnings, "; ")));
}

// Puts the file of `from` under the name `to` as well: a link, or a copy where
// the file system has no links.
absl::Status LinkOrCopy(const std::string& from, const std::string& to) {
  const std::string temporary = absl::StrCat(to, ".link.tmp");
  RETURN_IF_ERROR(Remove(temporary));
  std::error_code error;
  fs::create_hard_link(from, temporary, error);
  if (error) {
    ASSIGN_OR_RETURN(const auto file, MappedFile::Open(from));
    return WriteFileAtomic(to, file->bytes());
  }
  fs::rename(temporary, to, error);
  if (error) return FileError("cannot write", to, error);
  // A rename of two links to one file does nothing and leaves both.
  return Remove(temporary);
}

std::string AsidePath(const std::string& path) {
  return absl::StrCat(path, ".set_aside");
}

absl::Status WriteBest(const std::string& directory,
                       const BestCheckpoint& best) {
  const std::string text = data::PrettyJsonOf([&](auto& json) {
    data::PutObject(json, [&] {
      data::PutMember(kIterationKey, best.iteration, json);
      data::PutMember(kApKey, best.ap, json);
      if (best.validation != 0) {
        data::PutMember(
            kValidationKey,
            absl::StrCat(absl::Hex(best.validation, absl::kZeroPad16)), json);
      }
      if (!best.later.empty()) data::PutArray(kLaterKey, best.later, json);
    });
  });
  return WriteFileAtomic(Join(directory, kBestRecord),
                         absl::StrCat(text, "\n"));
}

}  // namespace

absl::StatusOr<std::vector<std::string>> ListCheckpoints(
    const std::string& directory) {
  std::vector<std::pair<int64_t, std::string>> found;
  RETURN_IF_ERROR(ForEachName(directory, [&](const std::string& name) {
    const int64_t iteration = CheckpointIteration(name);
    if (iteration >= 0) found.emplace_back(iteration, Join(directory, name));
  }));
  std::sort(found.rbegin(), found.rend());
  std::vector<std::string> paths;
  for (auto& [iteration, path] : found) paths.push_back(std::move(path));
  return paths;
}

absl::StatusOr<std::string> WriteCheckpoint(const std::string& directory,
                                            const Checkpoint& checkpoint) {
  const std::string path =
      Join(directory, CheckpointName(checkpoint.iteration));
  RETURN_IF_ERROR(WriteCheckpointFile(path, checkpoint));
  return path;
}

absl::StatusOr<FoundCheckpoint> FindCheckpoint(const std::string& path) {
  std::error_code error;
  if (fs::is_directory(path, error)) return FindNewest(path);
  FoundCheckpoint found;
  ASSIGN_OR_RETURN(found.checkpoint, ReadCheckpoint(path));
  found.path = path;
  return found;
}

absl::Status PruneCheckpoints(const std::string& directory, int keep_last) {
  std::vector<std::string> unwanted;
  RETURN_IF_ERROR(ForEachName(directory, [&](const std::string& name) {
    if (IsLeftOver(name)) unwanted.push_back(Join(directory, name));
  }));
  ASSIGN_OR_RETURN(const std::vector<std::string> paths,
                   ListCheckpoints(directory));
  for (size_t i = keep_last; keep_last > 0 && i < paths.size(); ++i) {
    unwanted.push_back(paths[i]);
  }
  for (const std::string& path : unwanted) RETURN_IF_ERROR(Remove(path));
  return absl::OkStatus();
}

absl::Status SetAside(const std::string& path) {
  std::error_code error;
  fs::rename(path, AsidePath(path), error);
  if (error && error != std::errc::no_such_file_or_directory) {
    return FileError("cannot rename", path, error);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::string>> SetAsideNewer(
    const std::string& directory, int64_t iteration) {
  std::vector<std::string> aside;
  ASSIGN_OR_RETURN(const std::vector<std::string> paths,
                   ListCheckpoints(directory));
  for (const std::string& path : paths) {
    const std::string name = fs::path(path).filename().string();
    if (CheckpointIteration(name) <= iteration) break;
    RETURN_IF_ERROR(SetAside(path));
    aside.push_back(AsidePath(path));
  }
  return aside;
}

absl::StatusOr<std::optional<BestCheckpoint>> ReadBest(
    const std::string& directory) {
  const std::string path = Join(directory, kBestRecord);
  const absl::StatusOr<std::string> text = ReadFile(path);
  if (absl::IsNotFound(text.status())) {
    return std::optional<BestCheckpoint>();
  }
  RETURN_IF_ERROR(text.status());
  BestCheckpoint best;
  best.iteration = -1;
  best.ap = std::numeric_limits<double>::quiet_NaN();
  data::JsonScanner json(*text);
  const auto read_iteration = [&](int64_t& iteration) {
    return json.ReadInteger("an iteration", iteration);
  };
  const auto read_member = [&](absl::string_view key) {
    if (key == kIterationKey) return read_iteration(best.iteration);
    if (key == kApKey) return json.ReadNumber(best.ap);
    if (key == kLaterKey) {
      return json.ReadArray(
          [&] { return read_iteration(best.later.emplace_back()); });
    }
    if (key != kValidationKey) return json.Skip();
    absl::string_view digits;
    return json.ReadString(digits) &&
           (absl::SimpleHexAtoi(digits, &best.validation) ||
            json.Fail("expected digits"));
  };
  if (!json.ReadObject(read_member) || !json.ReadEnd()) {
    return absl::DataLossError(
        absl::StrCat(path, ": ", json.status().message()));
  }
  if (best.iteration < 0 || !std::isfinite(best.ap)) {
    return absl::DataLossError(absl::StrCat(path, ": expected an object with '",
                                            kIterationKey, "' and '", kApKey,
                                            "'"));
  }
  return std::make_optional(best);
}

absl::StatusOr<std::string> SetAsideBest(const std::string& directory,
                                         int64_t iteration,
                                         uint64_t validation) {
  ASSIGN_OR_RETURN(std::optional<BestCheckpoint> best, ReadBest(directory));
  if (!best.has_value()) return std::string();
  const bool other = validation != 0 && best->validation != 0 &&
                     best->validation != validation;
  if (!other && best->iteration <= iteration) {
    const auto end =
        std::upper_bound(best->later.begin(), best->later.end(), iteration);
    if (end == best->later.end()) return std::string();
    best->later.erase(end, best->later.end());
    RETURN_IF_ERROR(WriteBest(directory, *best));
    return std::string();
  }
  for (const char* name : {kBestRecord, kBestCheckpoint}) {
    RETURN_IF_ERROR(SetAside(Join(directory, name)));
  }
  return absl::StrCat("the best checkpoint, of iteration ", best->iteration,
                      other ? ", was found on another validation set"
                            : ", is later than what this start goes on from",
                      ": set aside");
}

absl::StatusOr<bool> KeepIfBest(const std::string& directory,
                                const BestCheckpoint& candidate) {
  if (!std::isfinite(candidate.ap)) {
    return absl::InvalidArgumentError(
        absl::StrCat("the AP of iteration ", candidate.iteration,
                     " is not a number: ", candidate.ap));
  }
  ASSIGN_OR_RETURN(std::optional<BestCheckpoint> best, ReadBest(directory));
  if (best.has_value() && candidate.ap <= best->ap) {
    // The same validation may be made again after an interruption.
    const int64_t last =
        best->later.empty() ? best->iteration : best->later.back();
    if (candidate.iteration > last) {
      best->later.push_back(candidate.iteration);
      RETURN_IF_ERROR(WriteBest(directory, *best));
    }
    return false;
  }
  RETURN_IF_ERROR(
      LinkOrCopy(Join(directory, CheckpointName(candidate.iteration)),
                 Join(directory, kBestCheckpoint)));
  RETURN_IF_ERROR(WriteBest(directory, candidate));
  return true;
}

}  // namespace fcis::train
