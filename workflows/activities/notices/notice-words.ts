/** All that leaves the clinic in a notice: neither who, nor what, nor which visit. */
export interface NoticeWords {
  readonly title: string;
  readonly text: string;
  readonly direction: 'ltr' | 'rtl';
}

export const NOTICE_WORDS: Readonly<Record<'en' | 'ar', NoticeWords>> = {
  en: { title: 'Vantage', text: 'There is news about your visit. Open Vantage to see it.', direction: 'ltr' },
  ar: { title: 'Vantage', text: 'هناك جديد بخصوص زيارتك. افتح Vantage للاطلاع عليه.', direction: 'rtl' },
};
