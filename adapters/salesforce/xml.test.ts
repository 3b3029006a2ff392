import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OUTBOUND_NS, readOutboundMessage, SOAP_NS, SOBJECT_NS } from './outbound-message.ts';
import { quickestMs, SOON_MS } from './quickest.test-support.ts';
import { fieldsOf } from './sobject.ts';
import { writeOutboundMessage } from './write-message.ts';
import { MAX_XML_BYTES, readXml } from './xml.ts';

// Real: the parser. Times are asserted for bodies that are refused before they are read through.

const read = (xml: string | Buffer) => readXml(Buffer.from(xml));
const range = (count: number) => Array.from({ length: count }, (_, index) => index);

describe('XML', () => {
  it('is read as it means, whatever its prefixes', () => {
    const one = read('<a:x xmlns:a="urn:1" xmlns:b="urn:2"><b:y>1</b:y></a:x>');
    const other = read('<x xmlns="urn:1"><q:y xmlns:q="urn:2">1</q:y></x>');
    expect(one).toEqual(other);
    expect(one).toMatchObject({
      uri: 'urn:1',
      local: 'x',
      children: [{ uri: 'urn:2', text: '1' }],
    });
  });

  it.each([
    ['comments', 'a<!-- b -->c', 'ac'],
    ['CDATA', 'a<![CDATA[<b>&amp;]]>c', 'a<b>&amp;c'],
    ['the five entities', '&lt;&gt;&amp;&quot;&apos;', `<>&"'`],
    ['character references', '&#65;&#x42;&#x1F600;', 'AB😀'],
    ['line ends', 'a\r\nb', 'a\r\nb'],
    ['an empty CDATA', '<![CDATA[]]>', ''],
    ['CDATA with brackets', '<![CDATA[]]]]><![CDATA[>]]>', ']]>'],
  ])('joins text around %s', (_name, inner, text) => {
    expect(read(`<a>${inner}</a>`)?.text).toBe(text);
  });

  it('joins text that the parser hands over in pieces', () => {
    const text = `${'😀 <'.repeat(40_000)}end`;
    expect(read(`<a>${text.replaceAll('<', '&lt;')}</a>`)?.text).toBe(text);
  });

  it('resolves xsi:type by its prefix, and only there', () => {
    const xsi = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"';
    const typed = (attributes: string) => read(`<a ${xsi} ${attributes}/>`)?.type;
    expect(typed('xmlns:s="urn:s" xsi:type="s:Lead"')).toEqual({ uri: 'urn:s', local: 'Lead' });
    expect(typed('xmlns="urn:d" xsi:type="Lead"')).toEqual({ uri: 'urn:d', local: 'Lead' });
    for (const type of ['s:Lead', 'constructor:Lead', '__proto__:Lead', 'xsi:Lead:Lead', '']) {
      expect(typed(`xsi:type="${type}"`)?.uri).toBe('');
    }
    expect(typed('type="s:Lead"')).toBeUndefined();
  });

  it.each([
    ['fifteen elements deep', `${'<a>'.repeat(16)}${'</a>'.repeat(16)}`],
    ['a declaration', '<?xml version="1.0" encoding="utf-8" standalone="yes"?><a/>'],
    ['a declaration behind a mark', '\ufeff<?xml version="1.0"?><a/>'],
    ['white space around', '\n <a/> \n<!-- end -->'],
    [
      'sixteen attributes',
      `<a ${range(16)
        .map((at) => `b${at}="1"`)
        .join(' ')}/>`,
    ],
    [
      'names of a prototype',
      '<constructor toString="1" hasOwnProperty="2"><__proto__/></constructor>',
    ],
  ])('may have %s', (_name, xml) => {
    expect(read(xml)).toBeDefined();
  });
});

const LAUGHS = `<!DOCTYPE l [<!ENTITY a "ha">${range(9)
  .map((at) => `<!ENTITY ${'b'.repeat(at + 1)} "${`&${'b'.repeat(at) || 'a'};`.repeat(10)}">`)
  .join('')}]><l>&bbbbbbbbb;</l>`;

const HOSTILE: readonly (readonly [name: string, xml: string | Buffer])[] = [
  ['a billion laughs', LAUGHS],
  [
    'a quadratic blowup',
    `<!DOCTYPE a [<!ENTITY x "${'x'.repeat(50_000)}">]><a>${'&x;'.repeat(50_000)}</a>`,
  ],
  ['an external entity', '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>'],
  ['a parameter entity', '<!DOCTYPE a [<!ENTITY % x SYSTEM "http://example.com/x.dtd"> %x;]><a/>'],
  ['a document type alone', '<!DOCTYPE a><a/>'],
  ['a document type in lower case', '<!doctype a><a/>'],
  ['a document type behind the root', '<a/><!DOCTYPE a>'],
  ['a document type without end', '<!DOCTYPE a [<!ENTITY'],
  ['a declaration of an element', '<a><!ELEMENT b ANY></a>'],
  ['an entity that is not declared', '<a>&x;</a>'],
  ['an entity of HTML', '<a>&eacute;</a>'],
  ['a reference to no character', '<a>&#0;</a>'],
  ['a reference to half a character', '<a>&#xD800;</a>'],
  ['a reference past all characters', '<a>&#x110000;</a>'],
  ['an entity without end', '<a>&amp</a>'],
  ['a style sheet', '<?xml-stylesheet href="x.xsl"?><a/>'],
  ['an instruction inside', '<a><?php echo 1 ?></a>'],
  ['a declaration that is not first', ' <!-- x --><?xml version="1.0"?><a/>'],
  ['a declaration of UTF-16', '<?xml version="1.0" encoding="UTF-16"?><a/>'],
  ['a declaration of Latin-1', "<?xml version='1.0' encoding='ISO-8859-1'?><a/>"],
  ['UTF-16, little end first', Buffer.from('\ufeff<a/>', 'utf16le')],
  ['UTF-16 without a mark', Buffer.from('<a/>', 'utf16le')],
  ['UTF-16, big end first', Buffer.from('\ufeff<a/>', 'utf16le').swap16()],
  ['UTF-32', Buffer.from([0xff, 0xfe, 0, 0, 0x3c, 0, 0, 0])],
  ['UTF-7', '+ADw-a/+AD4-'],
  ['overlong UTF-8', Buffer.from([0xc0, 0xbc, 0x61, 0x2f, 0x3e])],
  ['half a character', Buffer.from('<a>€</a>').subarray(0, 5)],
  ['a NUL', '<a>\0</a>'],
  ['an escape character', '<a>\u001b</a>'],
  ['nothing', ''],
  ['spaces', ' '.repeat(1_000_000)],
  ['text', 'organization'],
  ['JSON', '{"events":[]}'],
  ['two roots', '<a/><b/>'],
  ['text behind the root', '<a/>b'],
  ['CDATA before the root', '<![CDATA[x]]><a/>'],
  ['CDATA behind the root', '<a/><![CDATA[x]]>'],
  ['a tag that is not closed', '<a><b></a>'],
  ['tags that cross', '<a><b></a></b>'],
  ['a root that is not closed', '<a><b/>'],
  ['an end without a start', '</a>'],
  ['one end too many', '<a></a></a>'],
  ['an attribute without quotes', '<a b=c/>'],
  ['an attribute without value', '<a b/>'],
  ['an attribute twice', '<a b="1" b="2"/>'],
  ['a namespace twice', '<a xmlns="urn:1" xmlns="urn:2"/>'],
  [
    'an xsi:type twice by two prefixes',
    '<a xmlns:i="http://www.w3.org/2001/XMLSchema-instance" xmlns:j="http://www.w3.org/2001/XMLSchema-instance" i:type="x" j:type="y"/>',
  ],
  [
    'an xsi:nil twice by two prefixes',
    '<a xmlns:i="http://www.w3.org/2001/XMLSchema-instance" xmlns:j="http://www.w3.org/2001/XMLSchema-instance" i:nil="true" j:nil="false"/>',
  ],
  ['a prefix that is not bound', '<b:a/>'],
  ['a prefix that is unbound again', '<b:a xmlns:b="urn:1"><c xmlns:b=""><b:d/></c></b:a>'],
  ['a prefix every object has', '<constructor:a/>'],
  ['the prefix of a prototype', '<__proto__:a/>'],
  ['the prefix xmlns for an element', '<a xmlns:xmlns="urn:x"/>'],
  ['two colons', '<b:a:c xmlns:b="urn:1"/>'],
  ['a colon in front', '<:a/>'],
  ['a colon behind', '<b: xmlns:b="urn:1"/>'],
  ['seventeen elements deep', `${'<a>'.repeat(17)}${'</a>'.repeat(17)}`],
  ['a million elements deep', '<a>'.repeat(1_000_000)],
  [
    'seventeen attributes',
    `<a ${range(17)
      .map((at) => `b${at}="1"`)
      .join(' ')}/>`,
  ],
  [
    'a hundred thousand attributes',
    `<a ${range(100_000)
      .map((at) => `b${at}=""`)
      .join(' ')}/>`,
  ],
  [
    'a hundred thousand namespaces',
    `<a ${range(100_000)
      .map((at) => `xmlns:b${at}="x"`)
      .join(' ')}/>`,
  ],
  [
    'thirteen namespaces in force',
    `<a ${range(13)
      .map((at) => `xmlns:b${at}="x"`)
      .join(' ')}/>`,
  ],
  ['an attribute of a megabyte', `<a b="${'x'.repeat(1_000_000)}"/>`],
  ['a name of a megabyte', `<${'x'.repeat(1_000_000)}/>`],
  ['an entity of a megabyte', `<a>&${'x'.repeat(1_000_000)};</a>`],
  ['a comment of a megabyte', `<a><!--${'x'.repeat(1_000_000)}--></a>`],
  ['a comment without end', `<a><!--${'x'.repeat(1_000_000)}`],
  ['a document type of a megabyte', `<!DOCTYPE ${'x'.repeat(1_000_000)}`],
  ['a text of a megabyte', `<a>${'x'.repeat(1_000_000)}</a>`],
  ['CDATA of a megabyte', `<a><![CDATA[${'x'.repeat(1_000_000)}]]></a>`],
  ['ten megabytes', `<a>${'<b/>'.repeat(2_500_000)}</a>`],
  ['a million angles', '<'.repeat(1_000_000)],
  ['a million ampersands', `<a>${'&'.repeat(1_000_000)}`],
];

describe('hostile XML', () => {
  it.each(HOSTILE)('is refused, and soon: %s', (_name, xml) => {
    const body = Buffer.from(xml);
    const tookMs = quickestMs(() => expect(readXml(body)).toBeUndefined());
    expect(tookMs).toBeLessThan(SOON_MS);
  });

  it('has no more than so many elements', () => {
    expect(read(`<a>${'<b/>'.repeat(99_999)}</a>`)).toBeDefined();
    expect(read(`<a>${'<b/>'.repeat(100_000)}</a>`)).toBeUndefined();
  });

  it('is refused by its size before it is looked at', () => {
    expect(readXml(Buffer.alloc(MAX_XML_BYTES + 1, 0x20))).toBeUndefined();
  });

  it('never throws', () => {
    const piece = fc.constantFrom(
      ...[
        '<',
        '>',
        '/',
        '!',
        '?',
        '&',
        ';',
        '"',
        "'",
        '=',
        ':',
        ' ',
        '\n',
        '-',
        '[',
        ']',
        'a',
        'x',
      ],
      ...['<a>', '</a>', '<a/>', '<![CDATA[', ']]>', '<!--', '-->', '<!DOCTYPE', '&amp;', '&#x41;'],
      ...['xmlns', 'xmlns:a="u"', 'a:b', '__proto__', 'constructor', '\ufeff', '\0', '<?xml', '?>'],
    );
    const xml = fc.array(piece, { maxLength: 60 }).map((pieces) => pieces.join(''));
    fc.assert(
      fc.property(xml, (text) => {
        read(text);
        read(`<a>${text}</a>`);
      }),
      { numRuns: 500 },
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => void read(Buffer.from(bytes))),
    );
  });
});

describe('an outbound message', () => {
  const name = fc.stringMatching(/^[A-Za-z][A-Za-z0-9_]{0,20}$/);
  const text = fc
    .string({ unit: 'binary', maxLength: 40 })
    // What XML cannot hold, and half characters, which UTF-8 cannot.
    .filter((one) => one.isWellFormed() && !/[^\t\n\u0020-\uffff]/.test(one));

  it('is read as it was written', () => {
    const record = fc
      .array(fc.tuple(name, text), { minLength: 1, maxLength: 12 })
      .map((fields) => Object.fromEntries(fields))
      .filter((fields) => !['IsDeleted', 'IsClosed', 'IsWon'].some((one) => one in fields));
    fc.assert(
      fc.property(fc.array(record, { maxLength: 5 }), (records) => {
        const body = writeOutboundMessage({
          organizationId: '00D5g000004ABCDEA4',
          actionId: '04k5g0000008XYZAA2',
          object: 'Account',
          notifications: records.map((one, index) => ({ id: `id ${index}`, record: one })),
        });
        const message = readOutboundMessage(body);
        expect(message?.organizationId).toBe('00D5g000004ABCD');
        expect(message?.notifications.map(({ id }) => id)).toEqual(
          records.map((_, index) => `id ${index}`),
        );
        const fields = message?.notifications.map(({ sObject }) => sObject && fieldsOf(sObject));
        expect(fields).toEqual(records);
      }),
    );
  });

  const message = (inside: string, soap = SOAP_NS, outbound = OUTBOUND_NS) =>
    readOutboundMessage(
      Buffer.from(
        `<s:Envelope xmlns:s="${soap}"><s:Body><notifications xmlns="${outbound}">${inside}</notifications></s:Body></s:Envelope>`,
      ),
    );
  const ID = '<OrganizationId>00D5g000004ABCD</OrganizationId>';

  it.each([
    ['as it should be', ID, true],
    [
      'another prefix of the right namespace',
      ID.replaceAll('OrganizationId', 'o:OrganizationId').replace(
        '>',
        ` xmlns:o="${OUTBOUND_NS}">`,
      ),
      true,
    ],
    ['the right prefix of another namespace', ID.replace('>', ' xmlns="urn:x">'), false],
    ['the name of a longer one', ID.replaceAll('OrganizationId', 'OrganizationIds'), false],
    ['the name in another case', ID.replaceAll('OrganizationId', 'organizationId'), false],
    ['two', ID + ID, false],
    ['two, one of another namespace', ID + ID.replace('>', ' xmlns="urn:x">'), true],
    ['an id cut by a comment', '<OrganizationId>00D5g000004<!-- -->ABCD</OrganizationId>', true],
    [
      'an id with more behind a comment',
      '<OrganizationId>00D5g000004ABCD<!-- -->X</OrganizationId>',
      false,
    ],
    ['an id in an attribute', '<OrganizationId value="00D5g000004ABCD"/>', false],
    [
      'an id that is nil',
      '<OrganizationId xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:nil="true"/>',
      false,
    ],
  ])('has its organization: %s', (_name, inside, found) => {
    expect(message(inside) !== undefined).toBe(found);
  });

  it('is none in another namespace', () => {
    expect(message(ID, `${SOAP_NS}x`)).toBeUndefined();
    expect(message(ID, SOAP_NS, `${OUTBOUND_NS}x`)).toBeUndefined();
    expect(message(ID, OUTBOUND_NS, SOAP_NS)).toBeUndefined();
  });

  it.each([
    ['once', '<f:Name>a</f:Name>', { Name: 'a' }],
    ['twice', '<f:Name>a</f:Name><f:Name>b</f:Name>', undefined],
    ['twice inside another', '<f:A><f:b>1</f:b><f:b>2</f:b></f:A>', undefined],
    ['of another namespace', '<Name>a</Name>', {}],
    ['of a name that is none', '<f:Na-me>a</f:Na-me>', undefined],
    ['of the name of a prototype', '<f:__proto__>a</f:__proto__>', undefined],
    [
      'that is true',
      '<f:IsWon>true</f:IsWon><f:IsClosed>1</f:IsClosed>',
      { IsWon: true, IsClosed: true },
    ],
    [
      'that is false',
      '<f:IsWon>false</f:IsWon><f:IsDeleted>0</f:IsDeleted>',
      { IsWon: false, IsDeleted: false },
    ],
    ['that is neither', '<f:IsWon>yes</f:IsWon>', { IsWon: 'yes' }],
    ['that is empty', '<f:Name/>', { Name: '' }],
  ])('has fields: one %s', (_name, inside, fields) => {
    const body = `<sObject xmlns:f="${SOBJECT_NS}">${inside}</sObject>`;
    const element = read(body);
    expect(element && fieldsOf(element)).toEqual(fields);
  });
});
