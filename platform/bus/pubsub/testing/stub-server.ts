import { protos } from '@google-cloud/pubsub';
import {
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type sendUnaryData,
} from '@grpc/grpc-js';

const { v1 } = protos.google.pubsub;
const { Empty } = protos.google.protobuf;

type PubSubProtos = typeof protos.google.pubsub.v1;
export type PulledMessage = protos.google.pubsub.v1.IReceivedMessage;
export type PullStream = ServerDuplexStream<
  protos.google.pubsub.v1.IStreamingPullRequest,
  protos.google.pubsub.v1.IStreamingPullResponse
>;

/** What the stub answers. A method that is left out does not exist; one that never settles is silent. */
export interface StubAnswers {
  publish?(
    request: InstanceType<PubSubProtos['PublishRequest']>,
  ): Promise<protos.google.pubsub.v1.IPublishResponse>;
  getTopic?(
    request: InstanceType<PubSubProtos['GetTopicRequest']>,
  ): Promise<protos.google.pubsub.v1.ITopic>;
  getSubscription?(
    request: InstanceType<PubSubProtos['GetSubscriptionRequest']>,
  ): Promise<protos.google.pubsub.v1.ISubscription>;
  acknowledge?(request: InstanceType<PubSubProtos['AcknowledgeRequest']>): Promise<object>;
  modifyAckDeadline?(
    request: InstanceType<PubSubProtos['ModifyAckDeadlineRequest']>,
  ): Promise<object>;
  streamingPull?(stream: PullStream): void;
}

export interface StubServer {
  /** host:port */
  readonly host: string;
  stop(): void;
}

/** Plays a Pub/Sub that the emulator cannot play: silent, refusing, or redelivering as Google's does. */
export async function startStubServer(answers: StubAnswers): Promise<StubServer> {
  const server = new Server();
  const { publish, getTopic, getSubscription, acknowledge, modifyAckDeadline } = answers;
  addUnary(server, 'Publisher/Publish', v1.PublishRequest, v1.PublishResponse, publish);
  addUnary(server, 'Publisher/GetTopic', v1.GetTopicRequest, v1.Topic, getTopic);
  addUnary(
    server,
    'Subscriber/GetSubscription',
    v1.GetSubscriptionRequest,
    v1.Subscription,
    getSubscription,
  );
  addUnary(server, 'Subscriber/Acknowledge', v1.AcknowledgeRequest, Empty, acknowledge);
  addUnary(
    server,
    'Subscriber/ModifyAckDeadline',
    v1.ModifyAckDeadlineRequest,
    Empty,
    modifyAckDeadline,
  );
  addStreamingPull(server, answers.streamingPull);
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    ),
  );
  return { host: `127.0.0.1:${port}`, stop: () => server.forceShutdown() };
}

/** An error as a gRPC server answers it. */
export function refusal(code: number, details = ''): Error {
  return Object.assign(new Error(details), { code, details });
}

interface Decoder<Value> {
  decode(bytes: Uint8Array): Value;
}
interface Encoder<Value> {
  encode(value: Value): { finish(): Uint8Array };
}

function addUnary<Request, Answer>(
  server: Server,
  method: string,
  request: Decoder<Request>,
  response: Encoder<Answer>,
  answer: ((request: Request) => Promise<Answer>) | undefined,
): void {
  if (!answer) return;
  const definition = {
    path: `/google.pubsub.v1.${method}`,
    requestStream: false,
    responseStream: false,
    requestDeserialize: (bytes: Buffer) => request.decode(bytes),
    requestSerialize: () => Buffer.alloc(0),
    responseSerialize: (value: Answer) => Buffer.from(response.encode(value).finish()),
    responseDeserialize: () => ({}),
  };
  server.addService(
    { call: definition },
    {
      call: (call: ServerUnaryCall<Request, Answer>, done: sendUnaryData<Answer>) => {
        answer(call.request).then(
          (value) => done(null, value),
          (error) => done(error),
        );
      },
    },
  );
}

function addStreamingPull(server: Server, answer: StubAnswers['streamingPull']): void {
  if (!answer) return;
  const definition = {
    path: '/google.pubsub.v1.Subscriber/StreamingPull',
    requestStream: true,
    responseStream: true,
    requestDeserialize: (bytes: Buffer) => v1.StreamingPullRequest.decode(bytes),
    requestSerialize: () => Buffer.alloc(0),
    responseSerialize: (value: protos.google.pubsub.v1.IStreamingPullResponse) =>
      Buffer.from(v1.StreamingPullResponse.encode(value).finish()),
    responseDeserialize: () => ({}),
  };
  server.addService({ call: definition }, { call: (stream: PullStream) => answer(stream) });
}
