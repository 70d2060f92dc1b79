// Sources of pictures: the camera, a video file, a photo.

const FRAME_SIDE = 640; // pixels; enough for the recognizer
const PHOTO_SIDE = 2000;
const QUALITY = 0.85;

/** Captures the next frame of a video element, once per request. */
export class Frames {
  #canvas = document.createElement("canvas");
  #asked = 0;

  constructor(video) {
    this.video = video;
    this.pen = this.#canvas.getContext("2d", { alpha: false, willReadFrequently: true });
  }

  ask(take) {
    this.cancel();
    this.#asked = this.video.requestVideoFrameCallback((now, about) => {
      this.#asked = 0;
      this.#take(take, about.captureTime ?? now);
    });
  }

  cancel() {
    if (this.#asked) this.video.cancelVideoFrameCallback(this.#asked);
    this.#asked = 0;
  }

  #take(take, captured) {
    const { video } = this;
    const scale = Math.min(1, FRAME_SIDE / Math.max(video.videoWidth, video.videoHeight));
    const width = Math.round(video.videoWidth * scale);
    const height = Math.round(video.videoHeight * scale);
    if (this.#canvas.width !== width || this.#canvas.height !== height) {
      this.#canvas.width = width;
      this.#canvas.height = height;
    }
    this.pen.drawImage(video, 0, 0, width, height);
    this.#canvas.toBlob((blob) => take(blob, captured), "image/jpeg", QUALITY);
  }
}

export async function openCamera() {
  if (!navigator.mediaDevices?.getUserMedia) {
    throw new Error(
      "Browsers allow the camera only on localhost and https pages. Open this page on the " +
        "machine that runs the program, as http://localhost.",
    );
  }
  try {
    return await navigator.mediaDevices.getUserMedia({
      audio: false,
      video: { facingMode: "user", width: { ideal: 640 }, height: { ideal: 480 } },
    });
  } catch (error) {
    throw new Error(refusals[error.name] ?? `The camera cannot be used (${error.message}).`);
  }
}

const refusals = {
  NotAllowedError:
    "The camera was not allowed. Click the icon next to the address, allow the camera and press " +
    "“Start camera” again. If nothing changes, check the privacy settings of your system. Photos " +
    "and videos work without a camera.",
  NotFoundError:
    "No camera was found. Plug one in and press “Start camera” again, or open a photo or a video.",
  NotReadableError:
    "The camera is in use. Close the other program that uses it and press “Start camera” again.",
};

/** Draw a photo, turned upright, on a canvas and return it as JPEG. */
export async function readPhoto(file, canvas) {
  const bitmap = await createImageBitmap(file);
  const scale = Math.min(1, PHOTO_SIDE / Math.max(bitmap.width, bitmap.height));
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  const pen = canvas.getContext("2d");
  pen.fillStyle = "#ffffff"; // behind transparent pixels
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  return new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.93));
}
