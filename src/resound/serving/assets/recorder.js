// The microphone as a WAV file of 16 bits: samples are kept as they come, nothing is packed or filtered.

const LONGEST_SECONDS = 60;
const HEADER_BYTES = 44;

export async function record(onEnd) {
  const stream = await navigator.mediaDevices.getUserMedia({
    audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false },
  });
  const context = new AudioContext();
  await context.audioWorklet.addModule("/assets/tap.js");
  const tap = new AudioWorkletNode(context, "tap", { numberOfOutputs: 0, channelCount: 1, channelCountMode: "explicit" });
  const pieces = [];
  let samples = 0;
  let ended = false;

  function stop() {
    if (ended) return;
    ended = true;
    for (const track of stream.getTracks()) track.stop();
    const rate = context.sampleRate;
    context.close();
    onEnd(wav(pieces, samples, rate));
  }

  tap.port.onmessage = ({ data }) => {
    if (ended) return;
    pieces.push(data);
    samples += data.length;
    if (samples >= LONGEST_SECONDS * context.sampleRate) stop();
  };
  context.createMediaStreamSource(stream).connect(tap);
  return { stop, seconds: () => samples / context.sampleRate };
}

export function wav(pieces, samples, rate) {
  const bytes = new DataView(new ArrayBuffer(HEADER_BYTES + 2 * samples));
  const text = (place, letters) => [...letters].forEach((letter, i) => bytes.setUint8(place + i, letter.charCodeAt(0)));
  text(0, "RIFF");
  bytes.setUint32(4, HEADER_BYTES - 8 + 2 * samples, true);
  text(8, "WAVEfmt ");
  bytes.setUint32(16, 16, true); // bytes of the format
  bytes.setUint16(20, 1, true); // PCM
  bytes.setUint16(22, 1, true); // channels
  bytes.setUint32(24, rate, true);
  bytes.setUint32(28, 2 * rate, true); // bytes a second
  bytes.setUint16(32, 2, true); // bytes a frame
  bytes.setUint16(34, 16, true); // bits a sample
  text(36, "data");
  bytes.setUint32(40, 2 * samples, true);
  let place = HEADER_BYTES;
  for (const piece of pieces) {
    for (const sample of piece) {
      bytes.setInt16(place, Math.round(Math.max(-1, Math.min(1, sample)) * 32767), true);
      place += 2;
    }
  }
  return new File([bytes.buffer], "recording.wav", { type: "audio/wav" });
}
