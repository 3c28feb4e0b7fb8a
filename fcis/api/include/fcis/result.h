// Result: a value, or why there is none.
#ifndef FCIS_RESULT_H_
#define FCIS_RESULT_H_

#include <cstddef>
#include <exception>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>

#include "fcis/fcis.h"

namespace fcis {

struct Error {
  fcis_status kind = FCIS_INTERNAL;  // not FCIS_OK
  std::string message;
};

// What value() throws where there is none.
class ResultError : public std::runtime_error {
 public:
  explicit ResultError(const Error& error)
      : std::runtime_error(error.message), kind_(error.kind) {}
  fcis_status kind() const { return kind_; }

 private:
  fcis_status kind_;
};

template <typename T>
class Result {
 public:
  Result(T value) : held_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : held_(std::in_place_index<1>, std::move(error)) {}

  bool ok() const { return held_.index() == 0; }
  explicit operator bool() const { return ok(); }

  // The value; without one they throw a ResultError.
  T& value() & { return Checked(), *std::get_if<0>(&held_); }
  const T& value() const& { return Checked(), *std::get_if<0>(&held_); }
  // By value, so that it outlives a temporary Result: `for (x : f().value())`.
  T value() && { return Checked(), std::move(*std::get_if<0>(&held_)); }

  // The same, unchecked: ok() must hold.
  T& operator*() & { return *std::get_if<0>(&held_); }
  const T& operator*() const& { return *std::get_if<0>(&held_); }
  T operator*() && { return std::move(*std::get_if<0>(&held_)); }
  T* operator->() { return std::get_if<0>(&held_); }
  const T* operator->() const { return std::get_if<0>(&held_); }

  // ok() must not hold.
  const Error& error() const { return *std::get_if<1>(&held_); }

 private:
  void Checked() const {
    if (!ok()) throw ResultError(error());
  }

  std::variant<T, Error> held_;
};

// Of a function that gives nothing.
struct Done {};

namespace internal {

// Calls a function of fcis.h with room for its message: call(error, size).
// Returns result() where that gives FCIS_OK.
template <typename Call, typename Make>
auto Checked(const Call& call, const Make& result)
    -> Result<decltype(result())> {
  try {
    char message[1024] = "";
    const int status = call(message, sizeof(message));
    if (status == FCIS_OK) return result();
    return Error{static_cast<fcis_status>(status), message};
  } catch (const std::exception&) {  // of a container
    return Error{FCIS_OUT_OF_MEMORY, "no memory for the results"};
  }
}

// What a function gives that takes a buffer, its capacity and `needed`
// (fcis.h): call(buffer, capacity, needed, error, size). Text: a std::string,
// which loses the NUL, or a std::vector.
template <typename Text, typename Call>
Result<Text> Filled(const Call& call) {
  Text text;
  size_t needed = 0;
  Result<Done> done = Checked(
      [&](char* error, size_t size) {
        const int asked = call(nullptr, size_t{0}, &needed, error, size);
        if (asked != FCIS_OK) return asked;
        text.resize(needed);
        return call(text.data(), text.size(), &needed, error, size);
      },
      [] { return Done(); });
  if (!done.ok()) return done.error();
  if constexpr (std::is_same_v<Text, std::string>) text.pop_back();
  return text;
}

}  // namespace internal
}  // namespace fcis

#endif  // FCIS_RESULT_H_
