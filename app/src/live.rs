//! The tab's one WebSocket: events, samples and log pieces.
