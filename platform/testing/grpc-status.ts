import { status as Code, Metadata, type ServiceError } from '@grpc/grpc-js';
import protobuf from 'protobufjs';

/** google.rpc.ErrorInfo, by which Google's services tell the reason of a refusal. */
export interface ErrorInfo {
  readonly reason: string;
  readonly domain: string;
  readonly metadata?: Readonly<Record<string, string>>;
}

/** The two messages of google.rpc that an error carries in `grpc-status-details-bin`. */
const { root } = protobuf.parse(`
  syntax = "proto3";
  message Any { string type_url = 1; bytes value = 2; }
  message Status { int32 code = 1; string message = 2; repeated Any details = 3; }
  message ErrorInfo { string reason = 1; string domain = 2; map<string, string> metadata = 3; }
`);
const [StatusType, ErrorInfoType] = [root.lookupType('Status'), root.lookupType('ErrorInfo')];

/** Thrown by a handler of a test server: the call ends with this status. */
export class GrpcStatus extends Error implements ServiceError {
  readonly code: Code;
  readonly details: string;
  readonly metadata = new Metadata();

  constructor(code: Code, details: string, info?: ErrorInfo) {
    super(`${Code[code]}: ${details}`);
    this.code = code;
    this.details = details;
    if (info) {
      const value = ErrorInfoType.encode({ ...info }).finish();
      const any = { typeUrl: 'type.googleapis.com/google.rpc.ErrorInfo', value };
      const bytes = StatusType.encode({ code, message: details, details: [any] }).finish();
      this.metadata.set('grpc-status-details-bin', Buffer.from(bytes));
    }
  }
}
