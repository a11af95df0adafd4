/** The whole text that a signature stands under, version 2026-11, and reading it aloud where the tablet can. */
import type { I18n } from '@lingui/core';
import { useLingui } from '@lingui/react';
import type { ReactNode } from 'react';
import { useEffect, useState } from 'react';
import { CONSENT_TEXT_VERSION } from '../../electron/contract/protocols.ts';
import { Button } from '../kit/button.tsx';
import { consentWords } from '../kit/consent-words.ts';
import { Dialog } from '../kit/dialog.tsx';

interface Section {
  readonly title: string;
  readonly text: string;
}

export function consentText(i18n: I18n): readonly Section[] {
  return [
    {
      title: i18n.t('What we do'),
      text: i18n.t(
        'We weigh and measure you, photograph your body in your clothes for the visit, and photograph the back of each eye, as far as your visit asks for it. The camera for the eyes flashes once per picture. None of it touches you, but for the chin rest.',
      ),
    },
    {
      title: i18n.t('What we keep'),
      text: i18n.t(
        'We keep your measurements, your pictures, what was read from them, and your signature. All of it is encrypted. Pictures that were not good enough are kept as well, so that nobody can choose among them in secret.',
      ),
    },
    {
      title: i18n.t('Who sees it'),
      text: i18n.t('Only the people of this clinic who treat you. Each look at your record is written down.'),
    },
    {
      title: i18n.t('What is read from the pictures'),
      text: i18n.t(
        'A program measures how much of the picture of your eye is covered by blood vessels. It measures, it does not decide. A clinician looks at everything before you get a report.',
      ),
    },
    {
      title: i18n.t('Research, if you agree'),
      text: i18n.t(
        'If you touch the third line, your images may be used for research without your name and your birthday. If you do not, nothing changes for you.',
      ),
    },
    {
      title: i18n.t('You can stop'),
      text: i18n.t(
        'You can stop at any time and need not say why. You can take your agreement back later, ask what is kept about you, and ask for it to be corrected. The desk does this for you.',
      ),
    },
  ];
}

export function ConsentTextDialog({ open, onClose }: { open: boolean; onClose: () => void }): ReactNode {
  const { i18n } = useLingui();
  return (
    <Dialog
      title={i18n.t('Everything you agree to')}
      open={open}
      onClose={onClose}
      wide
      actions={
        <Button look="primary" onPress={onClose}>
          {i18n.t('I have read it')}
        </Button>
      }
    >
      {consentText(i18n).map(({ title, text }) => (
        <section key={title} className="border-t border-line py-4">
          <h3 className="text-p-21">{title}</h3>
          <p className="mt-1 text-p-18 text-ink-2">{text}</p>
        </section>
      ))}
      <p className="ident border-t border-line pt-3 text-15 text-ink-3">
        {i18n.t('Version {version} of this text', { version: CONSENT_TEXT_VERSION })}
      </p>
    </Dialog>
  );
}

export interface ReadAloud {
  /** False where this tablet has no voice of its own for the language: nothing is sent to a service to be read. */
  readonly possible: boolean;
  readonly reading: boolean;
  readonly toggle: () => void;
}

/** Reads the lines and the whole text with a voice of this tablet. Ends when the caller goes. */
export function useReadAloud(i18n: I18n): ReadAloud {
  const [voice, setVoice] = useState<SpeechSynthesisVoice | null>(null);
  const [reading, setReading] = useState(false);
  const { locale } = i18n;
  useEffect(() => {
    if (!('speechSynthesis' in window)) return undefined;
    const speech = window.speechSynthesis;
    const look = (): void =>
      setVoice(speech.getVoices().find((each) => each.localService && each.lang.startsWith(locale)) ?? null);
    look();
    speech.addEventListener('voiceschanged', look);
    return () => {
      speech.removeEventListener('voiceschanged', look);
      speech.cancel();
    };
  }, [locale]);
  const toggle = (): void => {
    window.speechSynthesis.cancel();
    setReading(!reading);
    if (reading) return;
    const sentences = [
      ...consentWords(i18n).flatMap((line) => [line.title, line.detail]),
      ...consentText(i18n).flatMap((section) => [section.title, section.text]),
    ];
    for (const [place, sentence] of sentences.entries()) {
      const spoken = new SpeechSynthesisUtterance(sentence);
      spoken.voice = voice;
      spoken.lang = locale;
      if (place === sentences.length - 1) spoken.addEventListener('end', () => setReading(false));
      window.speechSynthesis.speak(spoken);
    }
  };
  return { possible: voice !== null, reading, toggle };
}
