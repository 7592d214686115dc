/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-ctl-verb.h"

G_BEGIN_DECLS

/* The groups of the table, each ended by a row whose name is NULL, in the order of --help. */
extern const OrfCtlVerb orf_ctl_verbs_gpu[];
extern const OrfCtlVerb orf_ctl_verbs_records[];
extern const OrfCtlVerb orf_ctl_verbs_judgement[];
extern const OrfCtlVerb orf_ctl_verbs_tools[];

G_END_DECLS
