// Where pictures come from: the cameras and the user's files.

const PHOTO_SIDE = 2000; // pixels

/**
 * Open a camera: "front", "back", or one whose name contains the text; any without a text.
 *
 * An error's message says what to do.
 */
export async function openCamera(wanted) {
  if (!navigator.mediaDevices?.getUserMedia) throw new Error(insecure());
  const video = { width: { ideal: 640 }, height: { ideal: 480 }, frameRate: { ideal: 30 } };
  video.facingMode = wanted === "back" ? "environment" : "user";
  const named = (await cameras()).find(({ label }) => label && label === wanted);
  if (named) {
    delete video.facingMode;
    video.deviceId = { exact: named.deviceId };
  }
  try {
    return await navigator.mediaDevices.getUserMedia({ audio: false, video });
  } catch (error) {
    throw new Error(REFUSALS[error.name] ?? `The camera cannot be used (${error.message}).`);
  }
}

/** List the cameras; they have names only after one was allowed. */
export async function cameras() {
  const devices = (await navigator.mediaDevices?.enumerateDevices()) ?? [];
  return devices.filter(({ kind, deviceId }) => kind === "videoinput" && deviceId);
}

/** Whether a camera looks away from the user, so that its picture is not a mirror. */
export function looksAway(track) {
  return track.getSettings().facingMode === "environment" || /\b(back|rear)\b/i.test(track.label);
}

function insecure() {
  const port = location.port ? `:${location.port}` : "";
  return (
    `Browsers allow the camera only on localhost and https pages. Open http://localhost${port} on ` +
    "the machine that runs the program, or start the program with “--tls auto”. Photos and videos " +
    "work here as they are."
  );
}

const REFUSALS = {
  NotAllowedError:
    "The camera was not allowed. Click the icon next to the address, allow it and start again. If " +
    "nothing changes, check the privacy settings of your system.",
  NotFoundError:
    "No camera was found. Plug one in and start again, or open a photo or a video.",
  NotReadableError:
    "The camera is in use. Close the other program that uses it and start again.",
};

export function isVideo(file) {
  return file.type.startsWith("video/") || /\.(mp4|m4v|mov|webm|ogv|mkv)$/i.test(file.name);
}

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
