// Content security policies do not reach WebRTC, so a card's page does without
// it. Frames inside of the page would have it anew, and a card needs none.
(() => {
  for (const name of ["RTCPeerConnection", "webkitRTCPeerConnection", "RTCDataChannel", "RTCIceTransport"]) delete window[name];
  const frames = "iframe, frame, object, embed";
  new MutationObserver((changes) => {
    for (const node of changes.flatMap((change) => [...change.addedNodes])) {
      if (node.nodeType !== Node.ELEMENT_NODE) continue;
      for (const frame of node.matches(frames) ? [node] : node.querySelectorAll(frames)) frame.remove();
    }
  }).observe(document, { childList: true, subtree: true });
})();
