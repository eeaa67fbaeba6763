// In a page of ours, or of CORS_ORIGINS. After a cut the browser comes back by itself
// and names the last event that came.
export function watch(query, tell, refused) {
  const source = new EventSource(`/graphql?query=${encodeURIComponent(query)}`, { withCredentials: true });
  source.addEventListener('next', (message) => {
    const { data, errors } = JSON.parse(message.data);
    if (errors) refused(errors);
    else tell(Object.values(data)[0]);
  });
  source.addEventListener('complete', () => source.close()); // or it would ask for ever
  return source;
}
