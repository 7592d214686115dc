/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rpc/orf-router.h"
#include "scrape/orf-scraper.h"

G_BEGIN_DECLS

/* Binds scrape.targets; the scraper outlives the router's last call. */
void orf_scrape_service_bind (OrfRouter *router, OrfScraper *scraper);

G_END_DECLS
