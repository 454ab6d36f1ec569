/* gateway_http: what an HTTP request must be before it is looked into, and where it goes.
 *
 *   POST /                        JSON-RPC (gateway.h)
 *   GET  /upcheck                 OK, as long as this process answers
 *   GET  /healthcheck             every signer asked anew: 200 when one answers as it must, else 503
 *   GET  /metrics                 Prometheus
 *   GET  /api/v1/eth1/publicKeys  the public key; 503 when it is not known and no signer is there to say it
 *   POST /api/v1/eth1/sign/…      always 404: Web3Signer signs any bytes there, which is past every rule
 *
 * Against pages in a browser of the same machine: Host must be a loopback's name or one that was allowed, an Origin
 * must have been allowed, and a POST's content type must be application/json, which no form can send. With a token,
 * every route but /upcheck wants it.
 */
#ifndef PARENT_GATEWAY_HTTP_H
#define PARENT_GATEWAY_HTTP_H

#include "parent/gateway.h"
#include "parent/http_server.h"

/* For struct http_service; the worker is a struct gateway_call. */
bool gateway_http_wants(void *worker, const struct http_head *head);
void gateway_http_answer(void *worker, const struct http_head *head, struct bytes body, struct http_answer *answer);
void *gateway_http_make_worker(void *gateway);
void gateway_http_end_worker(void *worker);

/* GET pages. gateway_pages.c */
void gateway_page_health(struct gateway *gateway, struct http_answer *answer);
void gateway_page_metrics(struct gateway *gateway, struct http_answer *answer);
void gateway_page_public_keys(struct gateway *gateway, struct http_answer *answer);

/* Whether the request may be looked into. False: the answer is written; NULL: it is judged alone, and not counted.
 * gateway_guard.c */
bool gateway_guard(struct gateway *gateway, const struct http_head *head, struct http_answer *answer) MUST_USE;

#endif
