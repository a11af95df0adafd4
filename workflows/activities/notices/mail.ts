/** Notices by mail (SMTP). */
import { createHash } from 'node:crypto';
import { createTransport } from 'nodemailer';
import type { NoticeWay } from '../../api/internal/notice-schema.ts';
import type { Attempt } from './direct-notifier.ts';
import { NOTICE_WORDS } from './notice-words.ts';

export interface MailOptions {
  /** `smtp://` or `smtps://`, with user and password where the server wants them. */
  readonly url: string;
  readonly from: string;
  /** Of the page where the news is. */
  readonly pageUrl: string;
}

const TIMEOUT_MS = 15_000;
/** Permanent negative completion (RFC 5321, 4.2.1). */
const PERMANENT = 500;

export function mailSender({ url, from, pageUrl }: MailOptions) {
  const { protocol, hostname, port, username, password } = new URL(url);
  const isSecure = protocol === 'smtps:';
  const transport = createTransport({
    host: hostname,
    port: port === '' ? (isSecure ? 465 : 587) : Number(port),
    secure: isSecure,
    ...(username !== '' && { auth: { user: decodeURIComponent(username), pass: decodeURIComponent(password) } }),
    connectionTimeout: TIMEOUT_MS,
    greetingTimeout: TIMEOUT_MS,
    socketTimeout: TIMEOUT_MS,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  const domain = /@([\w.-]+)/.exec(from)?.[1] ?? 'localhost';
  return async (way: Extract<NoticeWay, { kind: 'mail' }>, key: string): Promise<Attempt> => {
    const { title, text } = NOTICE_WORDS[way.locale];
    // The same at each try: a mailbox that has it keeps one.
    const id = createHash('sha256').update(`${key} ${way.wayId}`).digest('hex').slice(0, 40);
    try {
      await transport.sendMail({
        from,
        to: way.target,
        subject: title,
        text: `${text}\n\n${pageUrl}\n`,
        messageId: `<${id}@${domain}>`,
        headers: { 'auto-submitted': 'auto-generated', 'content-language': way.locale },
      });
      return 'delivered';
    } catch (error) {
      const code = error instanceof Error && 'responseCode' in error ? Number(error.responseCode) : 0;
      return code >= PERMANENT ? 'rejected' : 'later';
    }
  };
}
