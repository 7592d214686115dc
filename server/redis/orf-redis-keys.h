/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Names on the nodes.  The invalidation stream is asked for what begins with ORF_REDIS_DATA, so
 * nothing else may.
 */
#define ORF_REDIS_DATA      "orfeas:cache:" /* and the key: a record */
#define ORF_REDIS_LOCK_NAME "orfeas:lock:"  /* and the key: who computes it */
#define ORF_REDIS_EPOCH     "orfeas:epoch"  /* the process that the data is of */
#define ORF_REDIS_BEAT      "orfeas:beat:"  /* and who beats: a channel */
