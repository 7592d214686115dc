/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * ORF_SANITIZED: this build carries a sanitizer, which maps terabytes, opens files, starts a
 * process that traces this one to look for leaks at the end, and writes its report to a file.
 */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define ORF_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define ORF_SANITIZED 1
#endif
#endif
#ifndef ORF_SANITIZED
#define ORF_SANITIZED 0
#endif
