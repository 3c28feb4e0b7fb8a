#include "fcis/core/comm/same_everywhere.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "fcis/core/base/counter_rng.h"
#include "fcis/core/base/status_macros.h"

namespace fcis {

absl::Status CheckSameEverywhere(const std::vector<NamedBytes>& parts,
                                 Communicator* job) {
  std::vector<std::string> mine;
  for (const NamedBytes& part : parts) {
    mine.push_back(absl::StrCat(Fnv1a64(part.bytes)));
  }
  ASSIGN_OR_RETURN(const std::string text,
                   job->Broadcast(absl::StrJoin(mine, " ")));
  const std::vector<std::string> first = absl::StrSplit(text, ' ');
  // By rank and part: 1 where they differ.
  std::vector<double> differs(static_cast<size_t>(job->size()) * parts.size());
  const size_t own = static_cast<size_t>(job->rank()) * parts.size();
  for (size_t i = 0; i < parts.size(); ++i) {
    differs[own + i] = i < first.size() && first[i] == mine[i] ? 0 : 1;
  }
  RETURN_IF_ERROR(job->Sum(absl::MakeSpan(differs)));
  std::vector<std::string> ranks;
  for (size_t rank = 0; rank < static_cast<size_t>(job->size()); ++rank) {
    std::vector<absl::string_view> names;
    for (size_t i = 0; i < parts.size(); ++i) {
      if (differs[rank * parts.size() + i] > 0) names.push_back(parts[i].name);
    }
    if (names.empty()) continue;
    ranks.push_back(absl::StrCat("rank ", rank, " differs from rank 0 in ",
                                 absl::StrJoin(names, ", ")));
  }
  if (ranks.empty()) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrJoin(ranks, "; "));
}

}  // namespace fcis
