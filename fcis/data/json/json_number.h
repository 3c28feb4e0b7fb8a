// Numbers of JSON's grammar, for JsonScanner.
#ifndef FCIS_DATA_JSON_JSON_NUMBER_H_
#define FCIS_DATA_JSON_JSON_NUMBER_H_

#include <cstdint>
#include <vector>

namespace fcis::data {

// A number, taken apart.
struct Decimal {
  const char* end = nullptr;  // null: not a number
  bool negative = false;
  bool has_exponent = false;
  uint64_t digits = 0;   // modulo 2^64
  int64_t count = 0;     // of digits, leading zeros included
  int64_t fraction = 0;  // of digits behind the point
};

Decimal TakeApart(const char* next, const char* end);

// The value of what TakeApart found at `begin`, correctly rounded.
double Value(const char* begin, const Decimal& decimal);

// Takes an integer of up to seven digits, without a sign, as most are that are
// ids or lengths. Its length; 0: what stands there is none, or may be another.
int TakeSmallInteger(const char* next, const char* end, int64_t& value);

// Behind a number; null: there is none.
const char* SkipNumber(const char* next, const char* end);

// Passes over usual numbers that others follow, as in the long lists of
// polygons, or appends them to `values`; returns where the next value begins,
// or no earlier than at `next`.
const char* SkipNumbers(const char* next, const char* end);
const char* TakeNumbers(const char* next, const char* end,
                        std::vector<double>& values);

}  // namespace fcis::data

#endif  // FCIS_DATA_JSON_JSON_NUMBER_H_
