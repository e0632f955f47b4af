// Checked by tsc, not run.
import octet = require('@octet-ml/octet');

async function main(): Promise<string> {
  const session: octet.Session = await octet.Session.open('model.pth');
  const { data }: octet.Tensor<Float32Array> = await session.run({ data: new Float32Array(784), shape: [1, 1, 28, 28] });
  return data.join();
}

export = main;
