"use strict";
// A video or its frames, with boxes; timelines and faces lead to a time.
for (const section of document.querySelectorAll("section.video")) {
  const data = JSON.parse(section.querySelector(".data").textContent);
  const stage = section.querySelector(".stage");
  const video = section.querySelector("video");
  const image = section.querySelector("img.frame");
  const now = section.querySelector(".now");
  const range = section.querySelector(".time");
  const timelines = [...section.querySelectorAll(".timeline")];

  if (video) {
    const bytes = section.querySelector(".bytes");
    const raw = Uint8Array.from(atob(bytes.textContent), (character) => character.charCodeAt(0));
    video.src = URL.createObjectURL(new Blob([raw], {type: bytes.dataset.kind}));
    bytes.remove();
    video.addEventListener("loadedmetadata", () => {  // its pixels may not be square
      stage.style.setProperty("--shape", video.videoWidth / video.videoHeight);
    });
  }

  // Boxes: one rectangle and one label a person.
  const boxes = section.querySelector(".boxes");
  const tags = document.createElement("div");
  tags.className = "tags";
  tags.ariaHidden = "true";
  const marks = boxes ? data.people.map((person) => {
    const rect = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    const tag = document.createElement("span");
    rect.classList.toggle("is-fake", person.fake);
    tag.className = person.fake ? "tag is-fake" : "tag";
    tag.textContent = person.label;
    boxes.append(rect);
    tags.append(tag);
    return {rect, tag};
  }) : [];
  if (stage) stage.append(tags);

  const boxAt = (person, seconds) => {
    const found = person.stretches.findLast(([start]) => start <= seconds + 1e-3);
    if (!found || seconds > found[1] + 1e-3) return null;
    const [start, end, first, second] = found;
    const share = end > start ? (seconds - start) / (end - start) : 0;
    return person.boxes[first].map((value, i) => value + share * (person.boxes[second][i] - value));
  };
  const place = ({rect, tag}, box) => {
    rect.style.display = tag.style.display = box ? "" : "none";
    if (!box) return;
    const [width, height] = data.size;
    const [x, y, w, h] = box;
    for (const [name, value] of Object.entries({x, y, width: w, height: h})) rect.setAttribute(name, value);
    tag.style.left = `${Math.max(0, 100 * x / width)}%`;
    tag.style.top = `max(1.6em, ${100 * y / height}%)`;
  };
  const nearest = (times, seconds) =>
    times.reduce((best, time, i) => Math.abs(time - seconds) < Math.abs(times[best] - seconds) ? i : best, 0);

  // Shows a time: boxes, marks on the timelines, and the frame where there is no video.
  const show = (seconds) => {
    if (image) {
      const [time, uri] = data.frames[nearest(data.frames.map(([one]) => one), seconds)];
      if (image.src !== uri) image.src = uri;
      now.textContent = `frame at ${time.toFixed(2)} s`;
      data.people.forEach((person, i) => place(marks[i], boxAt(person, time)));
    } else {
      if (now) now.textContent = `${seconds.toFixed(2)} s`;
      data.people.forEach((person, i) => { if (marks[i]) place(marks[i], boxAt(person, seconds)); });
    }
    if (range) {
      range.value = seconds;
      range.setAttribute("aria-valuetext", now.textContent);
    }
    const at = 1000 * Math.min(1, seconds / data.duration);
    timelines.forEach((timeline, i) => {
      const cursor = timeline.querySelector(".cursor");
      cursor.setAttribute("x1", at);
      cursor.setAttribute("x2", at);
      const index = nearest(data.people[i].times, seconds);
      timeline.setAttribute("aria-valuenow", index + 1);
      timeline.setAttribute("aria-valuetext", data.people[i].says[index]);
    });
    for (const face of section.querySelectorAll(".face")) {
      face.setAttribute("aria-current", String(Math.abs(face.dataset.seconds - seconds) < 0.02));
    }
  };
  const seek = (seconds) => {
    if (video) { video.pause(); video.currentTime = seconds; }
    show(seconds);
  };

  timelines.forEach((timeline, i) => {
    const {times} = data.people[i];
    timeline.addEventListener("click", (event) => {
      const box = timeline.querySelector("svg").getBoundingClientRect();
      seek(times[nearest(times, (event.clientX - box.left) / box.width * data.duration)]);
    });
    timeline.addEventListener("keydown", (event) => {
      const index = timeline.getAttribute("aria-valuenow") - 1;
      const steps = {ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: 10, PageDown: -10};
      const to = {Home: 0, End: times.length - 1}[event.key] ?? index + (steps[event.key] ?? NaN);
      if (Number.isNaN(to)) return;
      event.preventDefault();
      seek(times[Math.max(0, Math.min(times.length - 1, to))]);
    });
  });
  for (const face of section.querySelectorAll(".face")) {
    face.addEventListener("click", () => {
      seek(Number(face.dataset.seconds));
      stage?.scrollIntoView({block: "nearest"});
    });
  }
  range?.addEventListener("input", () => seek(Number(range.value)));
  range?.addEventListener("keydown", (event) => {  // a browser's own step is too small to see
    const step = {ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1}[event.key];
    if (!step) return;
    event.preventDefault();
    seek(Math.max(0, Math.min(data.duration, Number(range.value) + step * Math.max(0.04, data.duration / 100))));
  });
  if (video) {
    const [play, mute] = [section.querySelector(".play"), section.querySelector(".mute")];
    const follow = () => {
      show(video.currentTime);
      play.textContent = video.paused ? "Play" : "Pause";
      if (!video.paused && !video.ended) requestAnimationFrame(follow);
    };
    for (const event of ["play", "pause", "seeked", "ended"]) video.addEventListener(event, follow);
    video.addEventListener("loadedmetadata", () => {
      if (Number.isFinite(video.duration)) range.max = Math.max(video.duration, data.duration);
    });
    play.addEventListener("click", () => { if (video.paused) video.play(); else video.pause(); });
    mute.addEventListener("click", () => {
      video.muted = !video.muted;
      mute.setAttribute("aria-pressed", String(video.muted));
    });
  }
  show(0);
}
