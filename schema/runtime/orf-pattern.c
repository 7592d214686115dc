/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orf-pattern.h"

bool
orf_pattern_match (const char *pattern, const char *text, size_t length)
{
  const char *star = NULL;
  size_t at = 0, star_at = 0;

  while (at < length) {
    if (*pattern == '*') {
      star = pattern++;
      star_at = at;
    } else if (*pattern != '\0' && (*pattern == '?' || *pattern == text[at])) {
      pattern++;
      at++;
    } else if (star != NULL) {
      pattern = star + 1;
      at = ++star_at;
    } else {
      return false;
    }
  }
  while (*pattern == '*')
    pattern++;
  return *pattern == '\0';
}
