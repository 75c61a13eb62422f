/* A page that is opened from a folder may start no worker: the search then runs in a hidden frame. */
if (location.protocol === "file:") {
  class IFrameWorker extends EventTarget {
    constructor(url) {
      super();
      this.onmessage = null;
      const frame = document.createElement("iframe");
      frame.hidden = true;
      document.body.appendChild(frame);
      this.scope = frame.contentWindow;
      this.loaded = new Promise(resolve => {
        const shown = this.scope.document;
        this.scope.postMessage = data => this.receive(data);
        this.scope.importScripts = (...urls) => urls.reduce(
          (before, one) => before.then(() => this.load(one)), Promise.resolve());
        this.load = one => new Promise(done => {
          const script = shown.createElement("script");
          script.src = one;
          script.onload = done;
          shown.body.appendChild(script);
        });
        this.load(String(url)).then(resolve);
      });
    }
    receive(data) {
      const event = new MessageEvent("message", { data });
      this.dispatchEvent(event);
      if (this.onmessage) this.onmessage(event);
    }
    postMessage(data) {
      this.loaded.then(() => this.scope.dispatchEvent(new MessageEvent("message", { data })));
    }
    terminate() {}
  }
  window.IFrameWorker = IFrameWorker;
  window.Worker = IFrameWorker;
}
