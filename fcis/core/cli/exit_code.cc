#include "fcis/core/cli/exit_code.h"

#include "absl/strings/cord.h"

namespace fcis {
namespace {

// The kind of an error travels as a payload: the canonical codes say nothing
// about who is to blame (a bad picture is an InvalidArgument, too).
constexpr char kUsageUrl[] = "fcis/usage_error";
constexpr char kVerificationUrl[] = "fcis/verification_error";

}  // namespace

absl::Status UsageError(absl::string_view message) {
  absl::Status status = absl::InvalidArgumentError(message);
  status.SetPayload(kUsageUrl, absl::Cord());
  return status;
}

absl::Status VerificationError(absl::string_view message) {
  absl::Status status = absl::FailedPreconditionError(message);
  status.SetPayload(kVerificationUrl, absl::Cord());
  return status;
}

int ExitCode(const absl::Status& status) {
  if (status.ok()) return kExitOk;
  if (status.GetPayload(kUsageUrl)) return kExitUsage;
  if (status.GetPayload(kVerificationUrl)) return kExitVerification;
  return kExitRunError;
}

}  // namespace fcis
