// Text in a small built-in font: printable ASCII, each character 5 x 9 dots
// (two of them below the line) with a column between characters. Every other
// byte shows as a hollow box.
#ifndef FCIS_CORE_DRAW_TEXT_H_
#define FCIS_CORE_DRAW_TEXT_H_

#include <string>

#include "absl/strings/string_view.h"
#include "fcis/core/draw/palette.h"
#include "fcis/core/image/image.h"

namespace fcis {

// The text with ? for every character that is not printable ASCII; a Latin
// letter loses what is over or under it.
std::string PrintableAscii(absl::string_view text);

// Size in pixels of text whose dots are squares of `scale` (>= 1) pixels; 0
// wide without characters.
int TextWidth(absl::string_view text, int scale);
int TextHeight(int scale);

// How many characters fit into `width` pixels.
int TextLengthThatFits(int width, int scale);

// Draws with the upper left corner at (x, y); what lies outside of the picture
// is not drawn.
void DrawText(absl::string_view text, int x, int y, int scale,
              const Color& color, Image* image);

}  // namespace fcis

#endif  // FCIS_CORE_DRAW_TEXT_H_
