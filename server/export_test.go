package server

// Groups is how many groups of subscriptions there are.
func (h *Handler) Groups() int { return h.server.engine.hub.Count() }
