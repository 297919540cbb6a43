"""Twilio, for tests and demos: the part of its REST API we use, its webhooks, and its bad days.

Run alone: `python -m tests.twilio_simulator`. Settings, all from the environment: TWILIO_SIMULATOR_PORT,
TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKENS (the first signs), TWILIO_API_KEY_SID, TWILIO_API_KEY_SECRET,
TWILIO_FROM_E164, SMS_WEBHOOK_URL. In a test: `tests.twilio_simulator.testing.running_simulator()`.

What Twilio offers is under `/2010-04-01/Accounts/…/Messages…`: create, fetch, list, delete.
What only a simulator offers is under `/simulator/`, without authentication, for loopback only:

POST   /simulator/texts     {"from", "body", "to"?, "sid"?, "copies"?, "webhook"?, "extra"?}
       A phone texts the service. The text is in Twilio's list whatever becomes of the webhook. A known `sid`
       posts the very same webhook again; `copies` posts it so many times at one moment; `"webhook": false`
       posts nothing; `extra` adds or replaces parameters. Answers {"sid", "attempts", "status"} of the
       first copy; a status of null means no answer came.
GET    /simulator/texts     ?to=&after=<sid or ISO time>  What the service sent, oldest first:
       [{"sid", "to", "body", "status", "created_at"}].
POST   /simulator/faults    {"times"?, "on"?, "to"?, "answer"?, "accepted"?, "after_s"?, "status"?, "code"?,
       "retry_after_s"?, "fate"?, "error_code"?}
       What the next `times` requests meet (`on`: create, fetch, list, delete or any). `answer`: "ok", "error"
       (`status` 500 unless told; 429 with `retry_after_s` throttles), "drop" (the connection), "garbage" (no
       JSON), "off_spec" (a sid Twilio could not give). `accepted`: the text exists although the answer says
       nothing of it. `after_s`: the answer is that late, the text is accepted at once. `fate`: the text's last
       status ("delivered", "undelivered", "failed", "sent", "queued") with its `error_code`.
DELETE /simulator/faults    No more of them.
POST   /simulator/callbacks {"to"?, "copies"?, "shuffled"?}  Sends the callbacks held so far; answers what was
       sent and how it was answered: [{"sid", "status", "answered"}].
PATCH  /simulator/settings  Any field of `settings.Behaviour`: "callbacks" ("send", "hold" or "never"),
       "status_step_s", "list_lag_s", "retry_delays_s", "read_timeout_s", "sms_webhook_url", "fallback_url".
GET    /simulator/requests  Every REST request that arrived, also the dropped: [{"on", "to", "sid"}].
GET    /simulator/webhooks  Every attempt to post a webhook: [{"sid", "status", "answered", "url"}].
POST   /simulator/reset     As just started.
GET    /simulator/health    200.

Not simulated: TwiML in a webhook's answer, Twilio's own replies to STOP and HELP, media, prices.
"""
