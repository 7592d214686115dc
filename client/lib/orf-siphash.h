/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* SipHash-1-3: whoever does not know the seed finds no keys that collide. */
uint64_t orf_siphash (const uint64_t seed[2], const char *data, size_t length);
