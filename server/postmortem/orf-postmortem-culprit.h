/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "postmortem/orf-postmortem-facts.h"

G_BEGIN_DECLS

/*
 * Who is most likely to blame, when all sections and the time line are there; NULL: nothing points
 * to anybody.  Pure.
 *
 * Everybody whom a fact points to is a suspect, and each fact has a weight, as
 * orf-postmortem-culprit.c says beside it.  What came before the trouble weighs more than what came
 * with it: a worker that leaks more than one that runs out of memory, a deploy more than the
 * operation that became slow behind it.  Where two weigh about the same, that is said.
 */
OrfPostmortemCulprit *orf_postmortem_culprit_find (const OrfPostmortemFacts *facts);

G_END_DECLS
