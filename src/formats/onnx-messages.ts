// The messages of onnx.proto that an exported network needs, with their field numbers; nothing is read back.
// https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';

/** TensorProto.DataType. */
const FLOAT = 1;
/** AttributeProto.AttributeType. */
const ATTRIBUTE = { float: 1, int: 2 } as const;

/** A float32 constant, row-major. */
export interface OnnxTensor {
  readonly name: string;
  readonly dims: readonly number[];
  readonly values: Float32Array;
}

export interface OnnxNode {
  readonly operator: string;
  readonly inputs: readonly string[];
  readonly output: string;
  readonly attribute?:
    { readonly name: string; readonly float: number } | { readonly name: string; readonly int: number };
}

/** A float32 tensor of (any number of rows) x columns that goes in or comes out. */
export interface OnnxPort {
  readonly name: string;
  readonly columns: number;
}

export interface OnnxModel {
  readonly irVersion: number;
  readonly opset: number;
  readonly producer: { readonly name: string; readonly version: string };
  readonly name: string;
  readonly nodes: readonly OnnxNode[];
  readonly constants: readonly OnnxTensor[];
  readonly input: OnnxPort;
  readonly output: OnnxPort;
}

/** A ModelProto as bytes. */
export function encodeModel({ irVersion, opset, producer, ...graph }: OnnxModel): Uint8Array {
  const writer = new BinaryWriter();
  integer(writer, 1, irVersion);
  text(writer, 2, producer.name);
  text(writer, 3, producer.version);
  message(writer, 7, () => encodeGraph(writer, graph));
  message(writer, 8, () => {
    text(writer, 1, '');
    integer(writer, 2, opset);
  });
  return writer.finish();
}

/** GraphProto. */
function encodeGraph(writer: BinaryWriter, graph: Omit<OnnxModel, 'irVersion' | 'opset' | 'producer'>): void {
  for (const node of graph.nodes) message(writer, 1, () => encodeNode(writer, node));
  text(writer, 2, graph.name);
  for (const constant of graph.constants) message(writer, 5, () => encodeTensor(writer, constant));
  message(writer, 11, () => encodePort(writer, graph.input));
  message(writer, 12, () => encodePort(writer, graph.output));
}

/** NodeProto, named after what it computes. */
function encodeNode(writer: BinaryWriter, { operator, inputs, output, attribute }: OnnxNode): void {
  for (const input of inputs) text(writer, 1, input);
  text(writer, 2, output);
  text(writer, 3, `${operator}:${output}`);
  text(writer, 4, operator);
  if (attribute === undefined) return;
  message(writer, 5, () => {
    text(writer, 1, attribute.name);
    if ('float' in attribute) writer.tag(2, WireType.Bit32).float(attribute.float);
    else integer(writer, 3, attribute.int);
    integer(writer, 20, 'float' in attribute ? ATTRIBUTE.float : ATTRIBUTE.int);
  });
}

/** TensorProto, its data as little-endian bytes. */
function encodeTensor(writer: BinaryWriter, { name, dims, values }: OnnxTensor): void {
  for (const size of dims) integer(writer, 1, size);
  integer(writer, 2, FLOAT);
  text(writer, 8, name);
  const bytes = new Uint8Array(values.length * 4);
  const view = new DataView(bytes.buffer);
  values.forEach((value, i) => view.setFloat32(4 * i, value, true));
  writer.tag(9, WireType.LengthDelimited).bytes(bytes);
}

/** ValueInfoProto with TypeProto.Tensor; the number of rows is a name. */
function encodePort(writer: BinaryWriter, { name, columns }: OnnxPort): void {
  text(writer, 1, name);
  message(writer, 2, () =>
    message(writer, 1, () => {
      integer(writer, 1, FLOAT);
      message(writer, 2, () => {
        message(writer, 1, () => text(writer, 2, 'batch'));
        message(writer, 1, () => integer(writer, 1, columns));
      });
    }),
  );
}

function message(writer: BinaryWriter, field: number, write: () => void): void {
  writer.tag(field, WireType.LengthDelimited).fork();
  write();
  writer.join();
}

function integer(writer: BinaryWriter, field: number, value: number): void {
  writer.tag(field, WireType.Varint).int64(value);
}

function text(writer: BinaryWriter, field: number, value: string): void {
  writer.tag(field, WireType.LengthDelimited).string(value);
}
