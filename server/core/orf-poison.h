/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * AddressSanitizer knows malloc's pieces, and not those that we make of one of them.  FORBID says
 * that nobody may touch so many bytes, ALLOW that they were given out; in other builds both are
 * nothing.  What is given out is followed by ORF_POISON_GAP bytes that never are.
 */
#if defined(__SANITIZE_ADDRESS__)
#define ORF_POISONS 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ORF_POISONS 1
#endif
#endif

#ifdef ORF_POISONS
#include <sanitizer/asan_interface.h>
#define ORF_POISON_GAP                  16
#define ORF_POISON_FORBID(memory, size) ASAN_POISON_MEMORY_REGION (memory, size)
#define ORF_POISON_ALLOW(memory, size)  ASAN_UNPOISON_MEMORY_REGION (memory, size)
#else
#define ORF_POISON_GAP                  0
#define ORF_POISON_FORBID(memory, size) ((void) (memory), (void) (size))
#define ORF_POISON_ALLOW(memory, size)  ((void) (memory), (void) (size))
#endif
